// One socket a component. The page says what it has seen; the server answers when that is no longer all; then the page runs again
// and says what it has seen now. So nothing piles up behind a slow page, and nothing is sent while nothing changes.
const AGAIN = 5000; // Milliseconds after which an answer that led to nothing is asked for again.
const LEAVING = 2000; // Milliseconds in which a page that was left is gone.
const sockets = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let kept = sockets.get(parentElement);
  if (kept && kept.run !== data.run) {
    kept.close();
    kept = undefined;
  }
  kept = kept ?? opened(data.run);
  sockets.set(parentElement, kept);
  kept.changed = (stamp) => setTriggerValue("changed", stamp);
  kept.tell(data.seen);
  return () => {
    kept.close();
    sockets.delete(parentElement);
  };
}

function opened(run) {
  const kept = { run, path: location.pathname, seen: null, timer: null, socket: null, closed: false, wait: 500 };
  kept.tell = (seen) => {
    clearTimeout(kept.timer);
    kept.seen = seen;
    if (kept.socket?.readyState === WebSocket.OPEN) kept.socket.send(seen);
  };
  kept.close = () => {
    kept.closed = true;
    clearTimeout(kept.timer);
    kept.socket?.close();
  };
  connect(kept);
  return kept;
}

function connect(kept) {
  const socket = new WebSocket(address(kept.run));
  kept.socket = socket;
  socket.onopen = () => {
    kept.wait = 500;
    if (kept.seen !== null) socket.send(kept.seen);
  };
  socket.onmessage = (message) => pass(kept, message.data);
  socket.onclose = () => {
    if (kept.closed) return;
    setTimeout(() => kept.closed || connect(kept), kept.wait);
    kept.wait = Math.min(2 * kept.wait, 15000);
  };
}

function pass(kept, stamp) {
  if (kept.closed) return;
  if (location.pathname !== kept.path) {
    // The visitor is on the way to another page, and Streamlit may show nothing at all where this one asks to run again meanwhile.
    kept.path = location.pathname;
    kept.timer = setTimeout(() => pass(kept, stamp), LEAVING);
    return;
  }
  kept.changed(stamp);
  kept.timer = setTimeout(() => kept.tell(kept.seen), AGAIN);
}

function address(run) {
  // Pages lie one level below the server's base address: /base/runs, and its socket at /base/changes.
  const url = new URL("changes", location.href.split("?")[0]);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  if (run) url.searchParams.set("run", run);
  return url;
}

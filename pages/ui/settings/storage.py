"""Where data live, what takes up the disk, buttons that free some of it, and a cache audit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from pages.ui.common import run_actions, run_list
from pages.ui.markdown import plain
from tl_core import sentences, service, store
from tl_core.cache import eviction
from tl_core.errors import BadInput, LabError
from tl_core.records import Activity
from tl_core.results.cache_audit import Verified
from tl_core.store import disk
from tl_core.text import counted, data_size

PARTS = {
    "checkpoints": ("Checkpoints", "The best and the latest epochs; runs continue from them."),
    "exports": ("Exported networks", "What each run exported when it ended, and checkpoints that were downloaded."),
    "runs": ("Curves, reports, logs", "Everything else in the folders of the runs."),
    "pixels": ("Pixel cache", "Images decoded and resized once."),
    "features": ("Feature cache", "What the frozen layers compute from each image, once."),
    "other": ("Queue and workers", "And everything else in the models folder."),
    "weights": ("Downloaded weights", "Keras's own folder; other programs may use it too."),
}

CHECK_HELP = (
    "Recomputes some cached features of a run without the cache, in float32, and shows the largest difference. On the command "
    "line: python -m tl_core verify-cache RUN --batches N."
)


@dataclass(frozen=True)
class CleanUp:
    """One thing that can be removed: how much it is, what is lost, and how it is done."""

    key: str
    title: str
    help: str
    spare: Callable[[Path], disk.Spare]
    remove: Callable[[Path], int]


def _cache(kind: disk.Kind, title: str, help: str) -> CleanUp:
    return CleanUp(kind, title, help, partial(disk.spare_cache, kind=kind), partial(disk.clear_cache, kind=kind))


CLEAN_UPS = (
    CleanUp(
        "checkpoints",
        "Spare checkpoints",
        "Removes all checkpoints of finished runs except the best. Runs that can be resumed keep theirs.",
        disk.spare_checkpoints,
        disk.remove_spare_checkpoints,
    ),
    _cache(
        "pixels",
        "Pixel cache",
        "Images are decoded again when a run needs them: seconds to minutes, once for each dataset and size.",
    ),
    _cache(
        "features",
        "Feature cache",
        "Features are computed again when a run needs them: seconds to minutes, once for each dataset and network.",
    ),
    _cache(
        "exports",
        "Downloaded checkpoints",
        "Networks built from single checkpoints for download are built again when you ask for them; exports of runs stay.",
    ),
)


def draw_place(models: Path) -> None:
    """Shows the models folder and how to change it."""
    st.code(str(models.resolve()), language=None, wrap_lines=True)
    st.caption(
        "Runs, caches and settings of this lab. To use another folder, set the environment variable TL_MODELS to it and restart "
        "the lab; to keep your runs, copy the folder `runs` there."
    )


@st.fragment(key="settings_disk")
def draw_disk(models: Path) -> None:
    """Draws what takes up the disk, and the clean-up."""
    found = measured(str(models.resolve()))
    lines = [
        {"What": PARTS[name][0], "Size": data_size(found[name].bytes), "Files": found[name].files, "": PARTS[name][1]}
        for name in PARTS
    ]
    st.dataframe(
        lines,
        hide_index=True,
        height="content",
        column_config={
            "What": st.column_config.TextColumn(width=150),
            "Size": st.column_config.TextColumn(width=80, alignment="right"),
            "Files": st.column_config.NumberColumn(format="localized", width=70),
            "": st.column_config.TextColumn(width=420),
        },
        alt="What takes up the disk, by kind.",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{data_size(disk.free(models))}** free on this disk")
        st.button("Measure again", icon=":material/refresh:", key="measure", on_click=measured.clear)
    run_actions.draw_problems("settings")
    with st.container(horizontal=True):
        for clean_up in CLEAN_UPS:
            if st.button(f"Remove {_small(clean_up.title)} …", key=f"clean_{clean_up.key}", help=clean_up.help):
                ask(models, clean_up)


@st.cache_data(show_spinner="Adding up the files …", max_entries=4, ttl=60)
def measured(models: str) -> dict[str, disk.Usage]:
    """What lies in a models folder; kept for a minute, or until you measure again, because a large folder takes seconds."""
    return disk.parts(Path(models))


@st.dialog("Free some space", icon=":material/cleaning_services:")
def ask(models: Path, clean_up: CleanUp) -> None:
    """Shows what would be removed, and removes it on confirmation."""
    spare = clean_up.spare(models)
    if spare.count:
        things = f"{counted(spare.count, 'entry', 'entries')}, **{data_size(spare.bytes)}**"
        st.markdown(f"**{clean_up.title}**: {things} would be removed. {clean_up.help}")
    else:
        st.markdown(f"**{clean_up.title}**: there is nothing to remove.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        kept = st.button("Keep" if spare.count else "Close", key="clean_no")
        gone = bool(spare.count) and st.button(
            f"Free {data_size(spare.bytes)}",
            key="clean_yes",
            type="primary",
            on_click=run_actions.attempt,
            args=("settings", remove, models, clean_up),
        )
    if kept or gone:
        st.rerun()


def remove(models: Path, clean_up: CleanUp) -> run_actions.Problems:
    """Removes it, and shows errors."""
    try:
        clean_up.remove(models)
    except BadInput as error:
        return (str(error),)
    except OSError as error:
        return (f"A file could not be removed: {error}.",)
    finally:
        measured.clear()
    return ()


def _small(title: str) -> str:
    return title[0].lower() + title[1:]


@st.fragment(key="settings_checking")
def draw_cache_check(models: Path) -> None:
    """Shows the limit of the caches, and offers a cache audit."""
    st.caption(_allowed(models))
    with st.expander("Cache audit", icon=":material/fact_check:"):
        titles = run_list.labels_of(run_list.rows(models))
        if not titles:
            st.markdown("There is no run yet, so no features are cached.")
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.selectbox("Features of the run", list(titles), format_func=titles.__getitem__, key="check_run")
            pressed = st.button("Check", key="check_features", help=CHECK_HELP)
        if pressed:
            _check(models, chosen)


def _check(models: Path, run_id: str) -> None:
    bar = st.progress(0.0, "Starting a process that recomputes some of them …")

    def show(activity: Activity, done: int, total: int) -> None:
        bar.progress(min(done / max(total, 1), 1.0), sentences.title(activity))

    try:
        found = service.audit_cache(models, run_id, progress=show)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    finally:
        bar.empty()
    for one in found:
        (st.success if one.agrees else st.error)(check_text(one))


def check_text(one: Verified) -> str:
    """What was found, as Markdown."""
    where = "pooled features" if one.cut == "features" else f"features behind {plain(one.cut)}"
    return (
        f"**{one.verdict[0].upper()}{one.verdict[1:]}.** {where.capitalize()}, {one.images:,} of {one.of:,} images: the largest difference "
        f"is {one.largest:.1e}, {one.relative:.1e} of the largest feature; on average it is {one.mean:.1e}."
    )


def _allowed(models: Path) -> str:
    try:
        most = data_size(eviction.budget(store.cache_folder(models)))
    except LabError as error:
        return plain(str(error))
    return f"Decoded images and features may take {most} together; the least recently used are removed first. TL\\_CACHE\\_GB sets another limit."

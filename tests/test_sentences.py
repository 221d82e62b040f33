"""What is said of an activity, in one place."""

from __future__ import annotations

import pytest

from tl_core.records import Activity, Stage
from tl_core.sentences import REQUESTS, TITLES, progress_title, title
from tl_core.service import client
from tl_core.worker import service as requests


def test_every_stage_has_a_title_of_its_own() -> None:
    assert set(TITLES) == set(Stage)
    plain = [title(Activity(stage)) for stage in Stage]
    assert len(set(plain)) == len(plain)
    assert all(text[0].isupper() and not text.endswith((".", "…")) for text in plain)


@pytest.mark.parametrize(
    ("activity", "said"),
    [
        (Activity(Stage.TRAINING), "Training"),
        (Activity(Stage.TRAINING, 3), "Epoch 3"),
        (Activity(Stage.MEASURING, 3), "Measuring epoch 3"),
        (Activity(Stage.FEATURES, part="view 2 of 3"), "Computing features of view 2 of 3"),
        (Activity(Stage.EVALUATING, part="test"), "Evaluating the test part"),
        (client.WAITING, "Waiting for the answer"),
        (Activity(Stage.WAITING, part="run_range_test"), "Waiting for the learning-rate range test of another tab"),
    ],
)
def test_epoch_and_part_are_named_where_they_are_known(activity: Activity, said: str) -> None:
    assert title(activity) == said


def test_training_is_counted_in_steps_and_a_whole_of_one_is_not_counted() -> None:
    assert progress_title(Activity(Stage.TRAINING, 3), 12, 96) == "Epoch 3: step 12 of 96"
    assert progress_title(Activity(Stage.DECODING), 1200, 7200) == "Decoding images: 1,200 of 7,200"
    assert progress_title(Activity(Stage.BUILDING), 0, 1) == "Building the network"


def test_every_request_of_the_service_worker_can_be_waited_for() -> None:
    assert set(REQUESTS) == {*requests.REQUESTS, "run_range_test", "audit_cache"}

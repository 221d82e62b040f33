"""Which weights train at which rate, and which blocks begin with random weights."""

from __future__ import annotations

import numpy as np
import pytest

from tests.each import quick_first
from tests.engine.conftest import small_spec
from tests.families import FAMILIES
from tl_core.backbones import BACKBONES
from tl_core.engine.networks import assembly
from tl_core.engine.networks import build as networks
from tl_core.engine.networks.assembly import assemble, divide, with_head
from tl_core.engine.training.optimizers import groups_of, kernels_of, thawed_blocks
from tl_core.experiment.resolve import resolve

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "backbone",
    quick_first([name for name in FAMILIES if len(BACKBONES[name].cuts) > 3], "EfficientNetLite0", "MobileNetV2"),
)
def test_rates_decay_by_block_and_every_thawed_weight_is_in_one_group(backbone: str) -> None:
    row = BACKBONES[backbone]
    size, frozen = max(32, row.minimum_size), row.cut_names[-4]
    settings = {"train.layer_decay": 0.5, "train.backbone_learning_rate": 1e-3, "data.image_size": size}
    spec = small_spec("fine-tune-all", backbone__name=backbone, backbone__weights="random").with_values(
        {**settings, "backbone.freeze": frozen, "train.update_batch_norm": True}
    )
    model, phase = assemble(resolve(spec), 3), resolve(spec).phases[-1]
    tail = divide(model, resolve(spec), phase.frozen).tail
    groups = {group.name: group for group in groups_of(tail, phase)}
    for depth, block in enumerate(reversed(row.cut_names[-3:])):
        if group := groups.get(f"backbone/{block}"):
            assert group.rate == pytest.approx(1e-3 * 0.5**depth)
            assert float(group.optimizer.learning_rate) == pytest.approx(group.rate)
    grouped = [variable.path for group in groups.values() for variable in group.variables]
    assert sorted(grouped) == sorted(variable.path for variable in tail.trainable_variables)
    bare = networks.build(row, size)
    expected = {
        cut: {layer.name for layer in block} for cut, block in zip(row.cut_names, networks.blocks(bare), strict=True)
    }
    for block, layers in thawed_blocks(tail, phase):
        with_weights = {layer.name for layer in layers if layer.weights}
        assert with_weights == {name for name in expected[block] if bare.get_layer(name).weights}


def test_kernels_are_what_multiplies_inputs() -> None:
    network = networks.build(BACKBONES["Xception"], 71)
    kinds = {variable.name for variable in network.weights}
    assert {variable.name for variable in kernels_of(network.weights)} == {
        "kernel",
        "depthwise_kernel",
        "pointwise_kernel",
    }
    assert kinds - {"kernel", "depthwise_kernel", "pointwise_kernel"} == {
        "gamma",
        "beta",
        "moving_mean",
        "moving_variance",
    }


@pytest.mark.long
def test_blocks_above_those_kept_begin_with_random_weights_of_the_seed_and_the_spare_network_stays_pretrained() -> None:
    spec = small_spec(backbone__keep="block4")
    backbone = BACKBONES[spec.backbone.name]
    pretrained = networks.build(backbone, resolve(spec).image_size)
    pretrained.set_weights(assemble(resolve(small_spec()), 3).get_weights()[: len(pretrained.weights)])
    kept = {
        layer.name for block in networks.blocks(pretrained)[: backbone.cut_names.index("block4") + 1] for layer in block
    }

    def kernels(made) -> dict[str, bytes]:
        return {variable.path: np.asarray(variable).tobytes() for variable in kernels_of(made.weights)}

    known, partly, again = kernels(pretrained), kernels(assemble(resolve(spec), 3)), kernels(assemble(resolve(spec), 3))
    other = kernels(assemble(resolve(spec.with_values({"train.seed": 5})), 3))
    for path, value in known.items():
        layer = path.split("/")[0]
        assert (partly[path] == value) is (layer in kept), path
        assert partly[path] == again[path]
        assert (partly[path] == other[path]) is (layer in kept), path
    network = assembly.pretrained(resolve(spec))
    with_head(network, resolve(spec), 3)
    assert kernels(network) == known

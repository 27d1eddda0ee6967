"""Names after a shared context in one sequence: what each token sees, and equal values however queries are grouped."""

from __future__ import annotations

import pytest
import torch

from methods.clip import name_trie
from methods.clip.name_trie import NameTrie
from methods.clip.prompt_layout import PromptLayout
from methods.clip.text_tower import TextTower
from tests.methods.clip.test_backbone import CLIP, model_of

END = 9
NAMES = [[3, 4, END], [3, 4, 5, END], [6, END], [3, END], [3, 4, 5, END], [6, 3, 4, 5, 3, 4, END]]


def seen(trie: NameTrie, prefix: int) -> list[set[int]]:
    """The tokens that each of the L tokens sees, read off the mask."""
    length = prefix + len(trie.ids)
    if trie.keys is None:
        return [set((row == 0).nonzero().flatten().tolist()) for row in trie.hidden]
    keys = trie.keys.view(len(trie.hidden), -1)
    rows = [{int(keys[g, k]) for k in (trie.hidden[g, s] == 0).nonzero().flatten()}
            for g in range(len(keys)) for s in range(trie.hidden.shape[1])]  # fmt: skip
    assert len(rows) == length
    return rows


@pytest.mark.parametrize("group", [None, 4, 7])
def test_a_token_sees_the_context_and_its_own_name_so_far(group: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if group is not None:
        monkeypatch.setattr(name_trie, "AT_ONCE", 8)
        monkeypatch.setattr(name_trie, "GROUP", group)
    prefix = 3
    trie = NameTrie.of(NAMES, prefix)
    ids = [-1, -2, -3, *trie.ids.tolist()]
    rows = seen(trie, prefix)
    assert [rows[token] for token in range(prefix)] == [{0}, {0, 1}, {0, 1, 2}]
    for name, end in zip(NAMES, trie.ends.tolist(), strict=True):
        chain = sorted(rows[end])
        assert [ids[token] for token in chain] == [-1, -2, -3, *name]
        assert trie.positions[torch.tensor(chain[prefix:]) - prefix].tolist() == list(range(prefix, prefix + len(name)))
        for depth, token in enumerate(chain):
            assert sorted(rows[token]) == chain[: depth + 1]


def test_names_that_begin_alike_share_their_tokens() -> None:
    trie = NameTrie.of(NAMES, 1)
    beginnings = {tuple(name[: n + 1]) for name in NAMES for n in range(len(name))}
    assert len(trie.ids) == len(beginnings) == 14
    assert trie.ends[1] == trie.ends[4] and len(set(trie.ends.tolist())) == len(NAMES) - 1


def test_the_order_of_classes_is_theirs() -> None:
    turned = NameTrie.of(NAMES[::-1], 2)
    assert turned.ends.flip(0).equal(NameTrie.of(NAMES, 2).ends)


@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize("group", [3, 8])
def test_groups_of_queries_give_what_one_mask_gives_in_value_and_gradient(
    replicas: int, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tower = TextTower.of(model_of(CLIP))
    generator = torch.Generator().manual_seed(2)
    ctx = (0.3 * torch.randn(replicas, 4, 32, generator=generator)).requires_grad_()
    weights = torch.randn(replicas, len(NAMES), 24, generator=generator)
    found = []
    for at_once in (512, 6):
        monkeypatch.setattr(name_trie, "AT_ONCE", at_once)
        monkeypatch.setattr(name_trie, "GROUP", group)
        layout = PromptLayout.of([name[:-1] for name in NAMES], 4, "end", 1, END, [8])
        assert layout.names is not None and (layout.names.keys is None) == (at_once == 512)
        features = tower.encode(ctx, layout)
        found.append((features, torch.autograd.grad((features * weights).sum(), ctx)[0]))
    torch.testing.assert_close(found[1], found[0], atol=1e-5, rtol=1e-4)
    assert found[0][1].abs().max() > 1e-3

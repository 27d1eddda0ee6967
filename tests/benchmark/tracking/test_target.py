"""Whether runs are logged, and in which project, from options and the environment."""

from pathlib import Path

import pytest

from benchmark.errors import BadInput
from benchmark.plan.options import Options
from benchmark.tracking import Target, choose_mode, target_of


@pytest.mark.parametrize(
    ("asked", "environment", "machine", "mode"),
    [
        ("", {}, "", "disabled"),
        ("", {"WANDB_API_KEY": "x"}, "", "online"),
        ("", {}, "api.wandb.ai", "online"),
        ("", {}, "example.org", "disabled"),
        ("", {"WANDB_BASE_URL": "https://wandb.example.org"}, "wandb.example.org", "online"),
        ("", {"WANDB_MODE": "offline", "WANDB_API_KEY": "x"}, "", "offline"),
        ("disabled", {"WANDB_API_KEY": "x"}, "", "disabled"),
        ("offline", {}, "", "offline"),
    ],
)
def test_the_mode_is_what_was_asked_for_else_online_where_there_are_credentials(
    asked: str, environment: dict[str, str], machine: str, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "netrc").write_text(f"machine {machine} login user password x\n" if machine else "")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    chosen, told = choose_mode(asked)
    assert chosen == mode
    assert ("wandb login" in told) == (mode == "disabled" and not asked)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(BadInput, match="did you mean 'offline'"):
        choose_mode("ofline")


@pytest.mark.parametrize("where", ["options", "environment"])
def test_project_owner_group_and_tags_come_from_options_else_from_w_and_b_s_own_variables(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"WANDB_PROJECT": "p", "WANDB_ENTITY": "e", "WANDB_RUN_GROUP": "g", "WANDB_TAGS": "a, b,a"}
    for name, value in own.items():
        monkeypatch.setenv(name, value if where == "environment" else "other")
    given = {"wandb_project": "p", "wandb_entity": "e", "wandb_group": "g", "wandb_tags": "a, b,a"}
    options = Options(out=tmp_path, wandb="offline", **(given if where == "options" else {}))
    target, _ = target_of(options, options.out)
    assert target == Target(tmp_path, "offline", "p", "g", "e", ("a", "b"))
    assert options.grid().runs() == Options().grid().runs(), "they are no part of a run"

"""Workflows call targets that there are, and the other ways to install ask for what pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
#: What conda-forge calls otherwise.
CONDA = {"torch": "pytorch", "open_clip_torch": "open-clip-torch", "matplotlib": "matplotlib-base"}


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_phony_target_has_a_rule() -> None:
    phony = re.findall(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(" ".join(phony).split()) <= targets()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_target_that_a_workflow_makes_is_in_the_makefile(workflow: Path) -> None:
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    lines = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    made = {
        word for line in lines if line.startswith("make ") for word in re.sub(r"\$\{\{.*?\}\}", "", line).split()[1:]
    }
    for job in jobs.values():
        made |= set(job.get("strategy", {}).get("matrix", {}).get("target", []))
    assert made and made <= targets()


def test_every_job_ends_some_time_and_may_write_only_where_it_says_so() -> None:
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {"contents": "read"}, path
        assert all("timeout-minutes" in job for job in workflow["jobs"].values()), path


def test_the_conda_recipe_asks_for_the_packages_and_versions_of_the_project() -> None:
    recipe = yaml.safe_load((ROOT / "packaging" / "recipe.yaml").read_text())
    asked = {"python": PROJECT["requires-python"]}
    for line in PROJECT["dependencies"]:
        name, bound = re.fullmatch(r"([\w-]+)(.*)", line).groups()  # type: ignore[union-attr]
        asked[CONDA.get(name, name)] = bound
    assert dict(line.split(" ") for line in recipe["requirements"]["run"]) == asked
    assert recipe["context"]["version"] == PROJECT["version"]
    (script,) = recipe["build"]["python"]["entry_points"]
    assert dict([script.split(" = ")]) == PROJECT["scripts"]


def test_the_citation_has_the_version_of_the_project() -> None:
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == PROJECT["version"]


@pytest.mark.parametrize("form", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda p: p.stem)
def test_an_issue_form_has_a_name_a_description_and_labelled_fields(form: Path) -> None:
    text = yaml.safe_load(form.read_text())
    assert text["name"] and text["description"]
    assert all(field["attributes"]["label"] for field in text["body"])

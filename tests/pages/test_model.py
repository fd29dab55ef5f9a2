"""The Model page: choosing, uploading, looking and sweeping; each bad file is one sentence."""

import json

import pytest

from analysis.errors import UnknownWorkloadError
from analysis.runs.records import SweepOptions
from analysis.runs.store import RunStore
from analysis.workloads.cases.folders import CaseFacts, find_case, publish, staged
from analysis.workloads.cases.record import Case, DataPart, ModelPart
from analysis.workloads.cases.sent import SentFile, sent_case
from tests.inspections import make_inspection
from tests.sensitivities import make_sensitivities
from tests.stored import add_job
from tests.uploads import digit_arrays, model_bytes, npz_bytes


def headers(app) -> list[str]:
    return [header.value for header in app.header]


def jobs(kind):
    return [job for job in RunStore().jobs(owner="local") if job.kind == kind]


def test_the_built_in_workloads_and_ones_own_have_a_card(open_page):
    names = headers(open_page("model"))
    assert names[:3] == ["Fashion\\-MNIST CNN", "Digits CNN", "Your own model"]


def test_the_workload_of_the_run_on_screen_is_shown(open_page):
    app = open_page("model")
    figures = {metric.label: metric.value for metric in app.metric}
    inspection = RunStore().inspection_of("fashion-mnist")
    assert inspection is not None
    assert figures["Top-1 in float"] == f"{100 * inspection.reference['top1']:.1f}\xa0%"
    assert app.dataframe[0].value["layer"].tolist() == [la.name for la in inspection.layers]


def test_look_at_it_starts_one_job_and_shows_its_progress(open_page):
    app = open_page("model")
    app.button(key="look_digits").click().run()
    assert not app.exception and not app.error
    assert [job.source for job in jobs("inspect")] == ["digits"]
    assert app.query_params["workload"] == "digits"
    assert headers(app)[-1] == "Digits CNN"


def test_a_workload_nobody_looked_at_offers_to_do_so(open_page):
    app = open_page("model", workload="digits")
    assert "Nobody looked at this workload yet" in headers(app)
    app.button(key="look_now").click().run()
    assert len(jobs("inspect")) == 1


def test_a_look_that_failed_says_why(open_page):
    store = RunStore()
    app = open_page("model", workload="digits")
    app.button(key="look_now").click().run()
    (job,) = jobs("inspect")
    store.cancel(job.id, owner="local")
    app.run()
    assert any("cancelled" in card.value for card in app.error)
    assert app.button(key="look_now")


def test_sweep_it_starts_a_sweep_and_opens_its_page(open_page):
    app = open_page("model")
    app.button(key="sweep_digits").click().run()
    assert not app.exception
    (job,) = jobs("sweep")
    assert job.source == "digits"
    assert app.query_params["run"] == job.id
    assert app.title[0].value == "Sensitivity"


def test_too_many_jobs_are_one_card(open_page):
    store = RunStore()
    for index in range(8):
        add_job(store, make_sensitivities(2), run=f"job{index}", state="queued")
    app = open_page("model")
    app.button(key="sweep_digits").click().run()
    assert not app.exception
    assert any("At most 8 jobs" in card.value for card in app.error)


def test_an_unknown_workload_in_a_link_is_one_card(open_page):
    app = open_page("model", workload="/etc/passwd")
    assert not app.exception
    assert len(app.error) == 1
    assert "There is no workload" in app.error[0].value


def test_command_line_workloads_come_first(open_page, monkeypatch):
    monkeypatch.setenv("QUANTSCOPE_WORKLOADS", json.dumps(["/home/me/my_case.py:make"]))
    assert headers(open_page("model"))[0] == "my\\_case\\.py\\:make"


def test_a_sweep_of_the_same_weights_can_colour_the_architecture(open_page, filled):
    app = open_page("model", run=filled.run, workload="fashion-mnist")
    assert "Sensitivity" not in app.button_group[0].options
    RunStore().save_inspection("fashion-mnist", make_inspection(filled.result))
    app.run()
    assert "Sensitivity" in app.button_group[0].options


def upload(app, model: bytes, data: bytes):
    app.selectbox[0].set_value("digits-mlp")
    app.file_uploader[0].upload("net.safetensors", model)
    app.file_uploader[1].upload("mine.npz", data)
    sent = next(button for button in app.button if button.label == "Upload and look at it")
    return sent.click().run()


@pytest.mark.slow
def test_an_upload_is_opened_becomes_a_card_and_is_looked_at(open_page):
    app = upload(
        open_page("model", unfolded="upload_model"), model_bytes(), npz_bytes(**digit_arrays())
    )
    assert not app.exception and not app.error
    (job,) = jobs("inspect")
    assert job.source.startswith("upload:")
    assert any("net" in name and "mine" in name for name in headers(app))
    assert any("6,570" in caption.value for caption in app.caption)


@pytest.mark.slow
def test_a_bad_upload_is_one_sentence(open_page):
    app = upload(
        open_page("model", unfolded="upload_model"), b"not safetensors", npz_bytes(**digit_arrays())
    )
    assert not app.exception
    assert [card.value for card in app.error if "safetensors file" in card.value]
    assert not jobs("inspect")


def test_an_upload_needs_both_files(open_page):
    app = open_page("model", unfolded="upload_model")
    sent = next(button for button in app.button if button.label == "Upload and look at it")
    sent.click().run()
    assert len(app.error) == 1
    assert "two files" in app.error[0].value


def test_a_registered_model_has_a_card_with_its_figures(open_page, monkeypatch):
    case = Case(
        source="mine",
        title="mine",
        model=ModelPart("onnx", "/nets/net.onnx", "", "net.onnx"),
        data=DataPart("/data/set.npz", shown="set.npz"),
    )
    with staged(case, {}) as part:
        publish(part, case, CaseFacts(900, 19162, 4, "900 samples", None))
    monkeypatch.setenv("QUANTSCOPE_WORKLOADS", json.dumps(["mine"]))
    app = open_page("model")
    assert headers(app)[0] == "mine"
    assert any("19,162" in c.value and "without labels" in c.value for c in app.caption)


def stored_upload(owner: str = "local") -> str:
    """An upload as the app stores it, without a worker to open it."""
    data = SentFile("mine.npz", npz_bytes(**digit_arrays(40)))
    model = SentFile("net.safetensors", model_bytes())
    case, files = sent_case([model], data, architecture="digits-mlp", owner=owner)
    with staged(case, files) as part:
        publish(part, case, CaseFacts(40, 6570, 3, "40 images", "top1"))
    return case.source


def test_an_upload_is_deleted_with_two_clicks(open_page):
    source, theirs = stored_upload(), stored_upload(owner="b" * 32)
    app = open_page("model", workload=source)
    app.button(key=f"delete_{source}").click().run()
    assert find_case(source)
    app.button(key=f"delete_yes_{source}").click().run()
    assert not app.exception and not app.error
    assert not any("net" in name and "mine" in name for name in headers(app))
    assert "workload" not in app.query_params
    with pytest.raises(UnknownWorkloadError):
        find_case(source)
    assert find_case(theirs)


def test_deleting_an_upload_can_be_thought_over(open_page):
    source = stored_upload()
    app = open_page("model")
    app.button(key=f"delete_{source}").click().run()
    app.button(key=f"delete_no_{source}").click().run()
    assert find_case(source) and app.button(key=f"delete_{source}")


def test_an_upload_that_a_job_works_on_is_kept(open_page):
    source = stored_upload()
    RunStore().submit("sweep", source, SweepOptions(), owner="local")
    assert open_page("model").button(key=f"delete_{source}").disabled


def test_only_uploads_can_be_deleted(open_page):
    keys = {button.key for button in open_page("model").button}
    assert not any(str(key).startswith("delete_") for key in keys)

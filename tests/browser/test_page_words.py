"""Words on the page: missing, refused, spoken into the microphone, heard in a voice."""

from playwright.sync_api import expect

from tests.browser.visitor import Visitor


def test_what_is_missing_is_said_where_it_is_missing(visitor: Visitor) -> None:
    visitor.send()
    expect(visitor.page.locator('#face [data-way="gallery"] .error')).to_contain_text(
        "Choose a face"
    )
    expect(visitor.page.locator("#text-error")).to_have_text("Write what the face says.")
    expect(visitor.page.locator("#face-title")).to_be_focused()
    assert visitor.page.locator("#job").is_hidden()


def test_what_the_service_refuses_is_told_beside_its_field(visitor: Visitor) -> None:
    visitor.expected.append("422")
    visitor.page.get_by_role("radio", name="Mei").check()
    visitor.write("…!?")
    visitor.send()
    expect(visitor.page.locator("#text-error")).not_to_be_empty()
    expect(visitor.page.locator("#words-title")).to_be_focused()
    visitor.way("Recording")
    visitor.page.locator("#audio").set_input_files(
        {"name": "said.mp3", "mimeType": "audio/mpeg", "buffer": b"nothing that sounds"}
    )
    visitor.send()
    expect(visitor.page.locator("#audio-error")).not_to_be_empty()


def test_words_are_spoken_into_the_microphone(visitor: Visitor) -> None:
    visitor.small()
    visitor.page.get_by_role("radio", name="Mei").check()
    visitor.way("Recording")
    visitor.page.get_by_role("button", name="Record with the microphone").click()
    visitor.page.wait_for_timeout(1500)
    visitor.page.get_by_role("button", name="Stop recording").click()
    expect(visitor.page.locator("#recording")).to_contain_text("recording.webm")
    visitor.send()
    job = visitor.made()
    assert job["speech"]["source"] == "audio"
    assert 1 < job["speech"]["seconds"] < 4


def test_a_voice_is_heard_before_it_is_chosen(visitor: Visitor) -> None:
    with visitor.page.expect_response("**/sample") as answer:
        visitor.page.get_by_role("button", name="Hear Heart").click()
    assert answer.value.status in (200, 206)
    expect(visitor.page.get_by_role("button", name="Stop Heart")).to_be_visible()
    visitor.page.get_by_role("button", name="Stop Heart").click()
    expect(visitor.page.get_by_role("button", name="Hear Heart")).to_be_visible()

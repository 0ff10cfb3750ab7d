"""The page in other hands: mistakes, changed minds, keyboards, phones, screen readers."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from bench.material import text_of
from serve.api.page import page_files
from tests.browser.visitor import WITHIN, Visitor, visiting
from tests.server import Server

LONG = 60.0
"""Seconds of speech that are still being made when a test has looked at them."""


def begin_a_long_one(visitor: Visitor) -> None:
    visitor.small()
    visitor.page.get_by_role("radio", name="Felix").check()
    visitor.write(text_of(LONG))
    visitor.send()
    visitor.until("v => v.currentTime > 0.5", within=60)  # it plays while it is made
    expect(visitor.told).to_have_text("The video is being made, and plays as far as it is.")


def test_the_page_weighs_less_than_100_kilobytes() -> None:
    files = page_files()
    assert {"index.html", "app.js", "style.css", "icon.svg"} <= set(files)
    assert sum(len(file.plain) for file in files.values()) < 100_000
    assert max(file.plain.count(b"\n") for name, file in files.items() if name[-3:] == ".js") < 250


def test_the_page_names_every_module_that_it_loads_beforehand() -> None:
    told = set(
        re.findall(
            r'modulepreload" href="/web/([a-z]+\.js)"', page_files()["index.html"].plain.decode()
        )
    )
    assert told | {"app.js"} == {name for name in page_files() if name.endswith(".js")}


def test_a_picture_without_a_face_says_so_before_anything_else_is_asked(
    visitor: Visitor, files: Path
) -> None:
    visitor.expected.append("422")
    visitor.way("Your picture")
    visitor.picture(files / "wall.png")
    problem = visitor.page.locator('#face [data-way="upload"] .error')
    expect(problem).to_contain_text("No face was found in the picture")
    visitor.page.get_by_role("button", name="Another picture").click()
    visitor.picture(files / "notes.png")
    expect(problem).not_to_be_empty()
    expect(problem).not_to_contain_text("No face")
    visitor.picture(files / "one face.png")
    expect(visitor.page.locator("#looked-told")).to_have_text("One face was found.")
    expect(problem).to_be_empty()


def test_found_faces_are_outlined_and_one_of_several_is_chosen(
    visitor: Visitor, files: Path
) -> None:
    visitor.way("Your picture")
    visitor.picture(files / "two.jpg")
    expect(visitor.page.locator(".found")).to_have_count(2)
    first, second = visitor.page.locator(".found").all()
    left, right = first.bounding_box(), second.bounding_box()
    frame = visitor.page.locator(".frame").bounding_box()
    assert left is not None
    assert right is not None
    assert frame is not None
    middle = frame["x"] + frame["width"] / 2
    assert left["x"] + left["width"] < middle < right["x"]
    visitor.write("Hi.")
    visitor.send()
    expect(visitor.page.locator('#face [data-way="upload"] .error')).to_contain_text("Choose one")
    second.locator("input").check()
    assert "face_index=1" in visitor.command()
    expect(visitor.page.locator("#chosen-told")).to_contain_text("Your picture")


def test_choosing_one_way_to_a_face_clears_the_others(visitor: Visitor, files: Path) -> None:
    visitor.page.get_by_role("radio", name="Mei").check()
    visitor.way("Your picture")
    visitor.picture(files / "one face.png")
    expect(visitor.page.locator("#looked-told")).to_have_text("One face was found.")
    expect(visitor.page.locator("#gallery input:checked")).to_have_count(0)
    assert "avatar_image=" in visitor.command()
    visitor.way("Gallery")
    visitor.page.get_by_role("radio", name="Mei").check()
    assert '"avatar":"mei"' in visitor.command()
    visitor.way("Your picture")
    expect(visitor.page.locator(".found")).to_have_count(0)


def test_words_of_a_description_that_were_not_understood_are_named(visitor: Visitor) -> None:
    visitor.way("Describe")
    visitor.page.get_by_label("What the face looks like").fill("a smiling wizard")
    visitor.page.get_by_label("What the face looks like").press("Enter")
    told = visitor.page.locator("#painted-told")
    expect(told).to_contain_text("Not understood, so left out: wizard.", timeout=WITHIN)
    expect(visitor.page.get_by_role("radio", name="Painted face")).to_have_count(4)


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


def test_a_service_that_cannot_be_reached_is_told_and_asked_again(visitor: Visitor) -> None:
    visitor.expected.append("ERR_FAILED")
    visitor.small()
    visitor.page.get_by_role("radio", name="Mei").check()
    visitor.write("Hello.")
    visitor.page.route("**/v1/videos", lambda route: route.abort())
    visitor.send()
    expect(visitor.page.locator("#go-error")).to_contain_text("can't be reached")
    visitor.page.unroute("**/v1/videos")
    visitor.send()
    visitor.made()
    expect(visitor.page.locator("#go-error")).to_be_empty()


def test_an_answer_that_is_lost_on_its_way_makes_no_second_video(visitor: Visitor) -> None:
    visitor.expected.append("ERR_FAILED")
    visitor.small()
    visitor.page.get_by_role("radio", name="Mei").check()
    visitor.write("Only once.")
    lost: list[str] = []

    def lose_first(route: object) -> None:
        if not lost:
            lost.append(route.fetch().json()["id"])  # type: ignore[attr-defined]  # Route
            route.abort()  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    visitor.page.route("**/v1/videos", lose_first)
    visitor.send()
    assert visitor.made()["id"] == lost[0]


def test_a_video_is_cancelled_and_deleted(visitor: Visitor) -> None:
    begin_a_long_one(visitor)
    visitor.page.locator("#actions").get_by_role("button", name="Cancel").click()
    expect(visitor.told).to_have_text("The video was cancelled.")
    expect(visitor.page.locator("#history-list")).to_contain_text("cancelled")
    job = visitor.page.locator("#history-list li").get_attribute("id")
    visitor.page.locator("#actions").get_by_role("button", name="Delete").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(visitor.page.locator("#history-list li")).to_have_count(1)
    visitor.page.locator("#history-list").get_by_role("button", name="Delete").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(visitor.page.locator("#history-list li")).to_have_count(0)
    assert visitor.page.locator("#job").is_hidden()
    with visitor.server.client() as http:
        assert http.get(f"/v1/videos/{job}").status_code == 404


def test_a_video_in_the_making_is_there_again_after_a_reload(visitor: Visitor) -> None:
    begin_a_long_one(visitor)
    job = visitor.page.locator("#history-list li").get_attribute("id")
    visitor.open()
    expect(visitor.page.locator("#progress-row")).to_be_visible()
    expect(visitor.told).to_have_text("The video is being made, and plays as far as it is.")
    visitor.until("v => v.buffered.length > 0 && v.buffered.end(0) > 1")
    assert visitor.shown("v => v.paused")  # nobody has asked for it just now
    visitor.page.close()
    visitor.page = visitor.context.new_page()  # closed, and opened again
    visitor.open()
    visitor.shown("v => { v.muted = true; v.play() }")
    visitor.until("v => v.currentTime > 0.5")
    visitor.page.locator("#history-list").get_by_role("button", name="Cancel").click()
    expect(visitor.told).to_have_text("The video was cancelled.")
    with visitor.server.client() as http:
        assert http.get(f"/v1/videos/{job}").json()["status"] == "cancelled"


def test_a_video_is_played_past_every_border_shared_and_followed_by_another(
    visitor: Visitor,
) -> None:
    visitor.small()
    visitor.page.get_by_role("radio", name="Ravi").check()
    visitor.write(text_of(6.0))
    expect(visitor.page.locator("#text-length")).to_contain_text(re.compile(r"About [5-9] s of"))
    visitor.send()
    job = visitor.made()
    assert job["segments"]["published"] > 2
    visitor.shown("v => { v.playbackRate = 4 }")
    visitor.until("v => v.ended")
    assert abs(visitor.shown("v => v.currentTime") - job["seconds"]) < 0.1
    expect(visitor.page.locator("#chosen-told")).to_contain_text("ready in about")
    visitor.page.get_by_role("button", name="Share a link").click()
    link = visitor.page.get_by_label("Link to the video")
    expect(link).to_have_value(re.compile(r"link="))
    with visitor.server.client() as http:
        assert http.get(link.input_value()).headers["content-type"] == "video/mp4"
    visitor.page.get_by_role("radio", name="Mei").check()
    visitor.page.get_by_role("button", name="Make another with this face").click()
    expect(visitor.page.get_by_role("radio", name="Ravi")).to_be_checked()
    expect(visitor.page.locator("#words-title")).to_be_focused()


def test_the_face_of_a_painted_or_sent_picture_speaks_again(visitor: Visitor, files: Path) -> None:
    visitor.small()
    visitor.way("Your picture")
    visitor.picture(files / "one face.png")
    expect(visitor.page.locator("#looked-told")).to_have_text("One face was found.")
    visitor.write("One.")
    visitor.send()
    first = visitor.made()
    visitor.page.get_by_role("button", name="Make another with this face").click()
    expect(visitor.page.get_by_role("radio", name="Earlier face")).to_be_checked()
    visitor.write("Two.")
    visitor.send()
    expect(visitor.told).not_to_have_text("The video is ready.")
    assert visitor.made()["avatar"] == first["avatar"]


def test_a_service_without_links_offers_none(visitor: Visitor) -> None:
    visitor.expected.append("404")
    gone = {"error": {"code": "not_found", "message": "No links.", "param": None}}
    visitor.page.route("**/share", lambda route: route.fulfill(status=404, json=gone))
    visitor.small()
    visitor.page.get_by_role("radio", name="Mei").check()
    visitor.write("Hello.")
    visitor.send()
    visitor.made()
    visitor.page.get_by_role("button", name="Share a link").click()
    expect(visitor.page.get_by_role("button", name="Share a link")).to_be_hidden()
    expect(visitor.page.locator("#share-told")).to_contain_text("gives no links")


def test_progress_is_polled_where_events_do_not_come_through(visitor: Visitor) -> None:
    visitor.expected.append("502")
    visitor.page.route("**/events", lambda route: route.fulfill(status=502, body="bad gateway"))
    visitor.small()
    visitor.page.get_by_role("radio", name="Mei").check()
    visitor.write("Hello.")
    visitor.send()
    visitor.made()


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


def test_engines_and_licences_are_shown(visitor: Visitor) -> None:
    table = visitor.page.locator("#engines")
    with visitor.server.client() as http:
        stages = http.get("/v1/system").json()["stages"]
    for stage in stages.values():
        for weights in stage.get("weights", []):
            expect(table).to_contain_text(weights["licence"])
    expect(table.get_by_text("unclear")).to_have_count(1)
    expect(visitor.page.locator(".ai")).to_contain_text("does not mark videos as AI-made")


def test_a_video_is_made_by_keyboard_alone(visitor: Visitor) -> None:
    press = visitor.page.keyboard.press

    def tab_to(condition: str, most: int = 60) -> None:
        for _ in range(most):
            press("Tab")
            if visitor.page.evaluate(
                f"() => document.activeElement?.matches('{condition}') ?? false"
            ):
                return
        raise AssertionError(f"no Tab leads to {condition}")

    visitor.page.keyboard.press("Tab")
    expect(visitor.page.get_by_role("link", name="Skip to the page")).to_be_focused()
    press("Enter")
    tab_to("[name=face-way]")
    tab_to("[name=gallery-face]")
    press("Space")
    press("ArrowRight")
    expect(visitor.page.get_by_role("radio", name="Clara")).to_be_checked()
    tab_to("#text")
    visitor.page.keyboard.type("Hello.")
    tab_to("#go")
    press("Enter")
    visitor.made()
    tab_to("a[download$=mp4]")
    outline = visitor.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_nothing_is_cut_off_on_a_phone(browser: Browser, server: Server, files: Path) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
    with visiting(browser, server, **phone) as visitor:
        visitor.small()
        visitor.way("Your picture")
        visitor.picture(files / "two.jpg")
        visitor.page.get_by_role("radio", name="Face 1 of 2").tap()
        visitor.write("Hello.")
        visitor.page.get_by_role("button", name="Make the video").tap()
        visitor.made()
        visitor.page.locator("#curl > summary").tap()
        for way in ("Gallery", "Describe", "Your picture"):
            visitor.way(way)
            assert visitor.page.evaluate("() => document.documentElement.scrollWidth") <= 360
        small = visitor.page.evaluate(
            "() => [...document.querySelectorAll('button, a.button')]"
            ".filter(b => b.offsetParent && b.offsetHeight < 40).map(b => b.textContent)"
        )
        assert not small


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(browser: Browser, server: Server, files: Path, scheme: str) -> None:
    with visiting(browser, server, color_scheme=scheme, bypass_csp=True) as visitor:
        visitor.small()
        visitor.page.locator("#curl > summary").click()
        visitor.send()  # with what is missing told
        check(visitor)
        visitor.page.get_by_role("radio", name="Mei").check()
        visitor.write("Hello.")
        visitor.send()
        visitor.made()
        visitor.way("Your picture")
        visitor.picture(files / "two.jpg")
        expect(visitor.page.locator(".found")).to_have_count(2)
        visitor.way("Recording")
        visitor.page.locator("#audio").set_input_files(files / "it's said.wav")
        check(visitor)
        visitor.way("Describe")
        visitor.way("Your voice")
        visitor.page.locator("#history-list").get_by_role("button", name="Delete").click()
        check(visitor)


def check(visitor: Visitor) -> None:
    found = Axe().run(visitor.page)
    assert found.violations_count == 0, found.generate_report()


def test_the_first_paint_is_told(
    visitor: Visitor, record_property: Callable[[str, object], None]
) -> None:
    """Reported, not judged: how fast it is depends on what else the machine does."""
    paints = visitor.page.evaluate(
        "() => performance.getEntriesByType('paint').map(p => [p.name, p.startTime])"
    )
    record_property("first contentful paint, ms", dict(paints)["first-contentful-paint"])
    assert dict(paints)["first-contentful-paint"] > 0

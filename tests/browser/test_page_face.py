"""Faces on the page: found, described, chosen, changed."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.visitor import WITHIN, Visitor


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

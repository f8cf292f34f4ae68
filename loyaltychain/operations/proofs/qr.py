"""Codes as files: a list for whoever prints them, and QR images. The only place that knows the library for these."""

import csv
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from io import BytesIO, StringIO
from pathlib import Path

from loyaltychain.core import errors

PLACE = "{code}"  # in a template of what an image says
_OWN = 0o600  # whoever reads a code can use it


def check_template(template: str) -> None:
    """Raise InvalidOperation unless the template has a place for the code."""
    if template.count(PLACE) != 1:
        raise errors.InvalidOperation(
            f"What the images say has one place for the code: https://example.org/claim?code={PLACE}",
            url=template[:200],
        )


def write_codes(
    batch: str, codes: Sequence[str], *, table: Path | None, images: Path | None, template: str, undone: ExitStack
) -> None:
    """Write what was asked for. A file that is there already stays.

    Args:
        table: A new CSV file of codes, readable for its owner alone.
        images: A directory, which is made; ``<batch>-<n>.svg`` are put into it.
        template: What an image says, with ``PLACE`` in it.
        undone: Is given what removes the files again.

    Raises:
        InvalidSettings: the library that makes images is not installed.
        FileExists: a file is there already.
        InvalidOperation: the template has no place for the code.
        OSError: a file cannot be written.
    """
    check_template(template)
    draw = _drawer() if images is not None else None
    if table is not None:
        _write(table, _csv(batch, codes, template), undone)
    if images is not None and draw is not None:
        images.mkdir(parents=True, exist_ok=True)
        for number, code in enumerate(codes, start=1):
            _write(images / f"{batch}-{number}.svg", draw(template.replace(PLACE, code)), undone)


def _csv(batch: str, codes: Sequence[str], template: str) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["batch", "number", "code", "says"])
    writer.writerows([batch, number, code, template.replace(PLACE, code)] for number, code in enumerate(codes, start=1))
    return text.getvalue()


def _write(file: Path, text: str, undone: ExitStack) -> None:
    try:
        file.touch(_OWN, exist_ok=False)
    except FileExistsError as error:
        raise errors.FileExists("There is a file of this name, which stays: name another.", file=str(file)) from error
    undone.callback(file.unlink, missing_ok=True)
    file.write_text(text, encoding="utf-8")


def _drawer() -> Callable[[str], str]:
    try:
        import segno
    except ImportError as error:
        raise errors.InvalidSettings(
            "QR images need the library segno: install loyaltychain with the extra `qr`, or take --csv."
        ) from error

    def draw(text: str) -> str:
        image = BytesIO()
        segno.make_qr(text, error="m").save(image, kind="svg", scale=8, border=4)
        return image.getvalue().decode()

    return draw

"""Whether a job's files fit it and each other. What one file must be is `validate`'s to say."""

from __future__ import annotations

from lib.engine.files.folder import Folder
from lib.engine.files.validate import MIN_EXAMPLES, InvalidFile, check_anywhere
from lib.engine.tables import JobRow

MIN_VALIDATION = 1


def check_files(row: JobRow, files: Folder, most: int) -> None:
    """Raise `InvalidFile` for a job whose files cannot be trained on, or not by its method. A file has `most` rows."""
    kind = _check_one(files, row.training_file, "training_file", MIN_EXAMPLES, most)
    if (kind == "preference") != (row.method == "dpo"):
        needed = "preference examples" if row.method == "dpo" else "chat or completion examples"
        message = f"Training file: the method '{row.method}' needs {needed}, but it holds {kind} examples."
        raise InvalidFile("invalid_training_file", message, "training_file")
    if row.validation_file:
        other = _check_one(files, row.validation_file, "validation_file", MIN_VALIDATION, most)
        if other != kind:
            message = f"The validation file holds {other} examples, the training file {kind} examples."
            raise InvalidFile("invalid_validation_file", message, "validation_file")


def _check_one(files: Folder, file_id: str, param: str, minimum: int, most: int) -> str:
    try:
        return check_anywhere(files.path(file_id), param, minimum, most)
    except FileNotFoundError:
        raise InvalidFile(f"invalid_{param}", f"The file '{file_id}' was deleted.", param) from None

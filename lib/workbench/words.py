"""The sentences of what a target refuses: what, why, what to do. Fields are filled in by `lib.workbench.verdict`."""

from __future__ import annotations

from dataclasses import dataclass

from lib.i18n import N_


@dataclass(frozen=True)
class Words:
    """One rule in words. `rules` are the names under which a target's file says where it was read."""

    code: str
    rules: tuple[str, ...]
    what: str
    why: str
    todo: str
    mended: bool = False  # writing the file for the target puts it right
    changes_meaning: bool = False  # where it is taken without effect, something else is learnt than was meant


WRITE = N_("Write the file for it with prepare and the target {target}: that puts it right.")
REFUSED_WHOLE = N_("The service refuses the whole file for one such line.")

LIMIT_WORDS = {  # code -> the words for what concerns the dataset as a whole
    words.code: words
    for words in (
        Words(
            "retired_model",
            (),
            N_("{service} takes no new jobs on {model} since {day}."),
            N_("A file that is right is refused all the same."),
            N_("Choose a model that is still trained; check and estimate name them."),
        ),
        Words(
            "format_not_taken",
            ("formats",),
            N_("Examples in {format} format: {n}. {model} at {service} learns from: {taken}."),
            REFUSED_WHOLE,
            N_("Choose a format it takes when you prepare the file (--format), or another target."),
        ),
        Words(
            "mixed_formats",
            ("formats",),
            N_("The file mixes formats: {formats}."),
            REFUSED_WHOLE,
            N_("Prepare it: all examples then come out in one format."),
        ),
        Words(
            "too_few_examples",
            ("least_examples",),
            N_("Too few examples for {service}: {n}, where it wants at least {limit}."),
            N_("A job on fewer is refused, and teaches a model little."),
            N_("Add examples, or look at the rows that were left out."),
        ),
        Words(
            "too_many_examples",
            ("most_examples",),
            N_("Too many examples for {service}: {n}, where it takes at most {limit}."),
            N_("A job on more is refused."),
            N_("Keep the best ones: a model learns as much from far fewer."),
        ),
        Words(
            "file_too_large",
            ("most_bytes",),
            N_("The file has {size} bytes; {service} takes at most {limit}."),
            N_("The upload is refused."),
            N_("Split it, or keep only the best examples: a model learns as much from far fewer."),
        ),
        Words(
            "bom_missing",
            ("bom",),
            N_("The file has no byte order mark; {service} wants one."),
            N_("Without it the service reads characters beyond English wrongly or refuses the file."),
            WRITE,
        ),
        Words(
            "bom_not_taken",
            ("bom",),
            N_("The file begins with a byte order mark, which {service} does not take."),
            N_("The first line is then not valid JSON for the service."),
            WRITE,
        ),
        Words(
            "read_otherwise",
            (),
            N_("Lines that {service} would not read as they are read here: {n}."),
            N_("A role, a key or a text is written in a way that is understood here, and not by the service."),
            WRITE,
        ),
        Words(
            "role_not_taken",
            ("roles",),
            N_("Examples with a message of the role {detail}, which {service} does not take: {n}."),
            REFUSED_WHOLE,
            N_("Give the message another role, or leave these examples out. Developer becomes system by itself."),
        ),
        Words(
            "over_long_refused",
            ("over_long",),
            N_("Examples longer than {limit} tokens: {n}."),
            N_("{service} ends the job with an error when an example is too long."),
            N_("Shorten or leave out these examples."),
        ),
        Words(
            "over_long_cut",
            ("over_long",),
            N_("Examples longer than {limit} tokens: {n}."),
            N_("{service} cuts them off at the end, and the answer stands there."),
            N_("Shorten or leave out these examples."),
        ),
        Words(
            "not_published",
            (),
            N_("Examples that hold {trait}: {n}. No page of {service} says whether that is taken."),
            N_("What nobody publishes can't be checked."),
            N_("Ask the service, or try a small file first."),
        ),
    )
}

TRAIT_WORDS = {
    "name": Words(
        "name_not_taken",
        ("name",),
        N_("Examples that name the speaker (name), which {service} does not take: {n}."),
        REFUSED_WHOLE,
        WRITE,
        mended=True,
    ),
    "weight": Words(
        "weight_not_taken",
        ("weight",),
        N_("Examples that say which answers count (weight), which {service} does not take: {n}."),
        REFUSED_WHOLE,
        WRITE,
        mended=True,
    ),
    "weight_zero": Words(
        "weight_not_kept",
        ("weight_zero", "weight"),
        N_("Examples with answers that are not to be learnt (weight 0): {n}. {service} trains every answer."),
        N_("The model would learn what was marked as not to be learnt."),
        N_("Cut these conversations before such answers, or leave them out."),
        changes_meaning=True,
    ),
    "weight_odd": Words(
        "weight_odd",
        ("weight_odd",),
        N_("Examples with a weight other than 0 and 1: {n}."),
        REFUSED_WHOLE,
        N_("Set it to 0 (not learnt) or 1 (learnt)."),
    ),
    "weight_misplaced": Words(
        "weight_misplaced",
        ("weight_misplaced",),
        N_("Examples that give a weight to a message that is not the assistant's: {n}."),
        REFUSED_WHOLE,
        WRITE,
        mended=True,
    ),
    "field": Words(
        "extra_field",
        ("field",),
        N_("Examples with the field {detail} beside the message list, which {service} does not take: {n}."),
        REFUSED_WHOLE,
        WRITE,
        mended=True,
    ),
    "key": Words(
        "extra_key",
        ("key",),
        N_("Examples with the key {detail} in a message, which {service} does not take: {n}."),
        REFUSED_WHOLE,
        WRITE,
        mended=True,
    ),
    "tools": Words(
        "tools_not_taken",
        ("tools",),
        N_("Examples that use tools, which {service} does not take: {n}."),
        REFUSED_WHOLE,
        N_("Leave these examples out, or choose another target."),
    ),
    "functions": Words(
        "functions_not_taken",
        ("functions",),
        N_("Examples that use functions in the old way, which {service} does not take: {n}."),
        REFUSED_WHOLE,
        N_("Write them as tools and tool_calls, or leave them out."),
    ),
    "says_nothing": Words(
        "empty_answer",
        ("says_nothing",),
        N_("Examples with a message of the assistant that says nothing: {n}."),
        REFUSED_WHOLE,
        N_("Fill in the answer, or leave these examples out."),
    ),
    "not_alternating": Words(
        "not_alternating",
        ("not_alternating",),
        N_("Examples in which user and assistant do not take turns: {n}."),
        REFUSED_WHOLE,
        N_("Join messages of one speaker that follow each other, or leave these examples out."),
    ),
    "system_late": Words(
        "system_late",
        ("system_late",),
        N_("Examples with a system message that is not the first: {n}."),
        REFUSED_WHOLE,
        N_("Move it to the start, or leave these examples out."),
    ),
    "ends_unanswered": Words(
        "not_answered",
        ("ends_unanswered",),
        N_("Examples that do not end with an answer of the assistant: {n}."),
        REFUSED_WHOLE,
        N_("Cut what follows the last answer, or leave these examples out."),
    ),
    "asks_with_answer": Words(
        "asks_with_answer",
        ("asks_with_answer",),
        N_("Examples that ask with a conversation that already ends with an answer: {n}."),
        REFUSED_WHOLE,
        N_("End the input with a message of the user."),
    ),
    "side_not_one_answer": Words(
        "side_not_one_answer",
        ("side_not_one_answer",),
        N_("Examples in which the preferred or the other output is not one message of the assistant: {n}."),
        REFUSED_WHOLE,
        N_("Give exactly one answer on each side."),
    ),
    "image": Words(
        "images_not_taken",
        ("image",),
        N_("Examples with images, which {service} does not take: {n}."),
        REFUSED_WHOLE,
        N_("Leave these examples out, or choose another target."),
    ),
    "images_over": Words(
        "too_many_images",
        ("images_over",),
        N_("Examples with more than {detail} images, the most that {service} takes: {n}."),
        REFUSED_WHOLE,
        N_("Split them into several examples, or leave images out."),
    ),
    "image_heavy": Words(
        "image_too_large",
        ("image_heavy",),
        N_("Examples with an image of more than 10 MB: {n}."),
        REFUSED_WHOLE,
        N_("Save the image smaller."),
    ),
    "image_kind": Words(
        "image_kind_not_taken",
        ("image_kind",),
        N_("Examples with an image of the kind {detail}: {n}. {service} takes JPEG, PNG and WEBP."),
        REFUSED_WHOLE,
        N_("Save the image as JPEG, PNG or WEBP."),
    ),
    "image_linked": Words(
        "image_linked",
        ("image_linked",),
        N_("Examples that name an image by its address: {n}. {service} takes only images inside the file (base64)."),
        REFUSED_WHOLE,
        N_("Put the image into the file as a data: address."),
    ),
    "image_not_of_user": Words(
        "image_not_of_user",
        ("image_not_of_user",),
        N_("Examples with an image in a message that is not the user's: {n}."),
        REFUSED_WHOLE,
        N_("Move the image into a message of the user, or leave these examples out."),
    ),
    "image_weighted": Words(
        "image_weighted",
        ("image_weighted",),
        N_("Examples that give weight 1 to a message with an image: {n}."),
        REFUSED_WHOLE,
        N_("Take the weight away."),
    ),
    "parts_and_text": Words(
        "parts_and_text",
        ("parts_and_text",),
        N_("Examples that mix messages in parts with messages of plain text: {n}."),
        REFUSED_WHOLE,
        N_("Write all messages of an example in parts."),
    ),
    "part": Words(
        "part_not_taken",
        ("part",),
        N_("Examples with a part of the kind {detail}, which {service} does not take: {n}."),
        REFUSED_WHOLE,
        N_("Keep only text and image_url parts."),
    ),
}
"""Trait, or the word before its colon -> the words for it."""

"""A file -> rows -> examples. Pure: knows no network, no database and no screen.

    source.py       a file as something to stream, however large
    files/          a file -> its rows, read in a process with limits
    shapes/         rows -> examples, in OpenAI's four formats
    recipe.py       how that was done; fixes.py, applying.py: the fixes that were accepted
    rules/          what may be wrong with examples, and the fixes for it
    split.py        examples -> a training part and a validation part

Every row keeps its `Origin` to the end, and whatever was assumed or left out is said in a `Note`.
"""

"""File bytes -> rows -> examples. Pure: knows no network, no database and no screen.

bytes --read_table--> Table --guess_roles, suggest_recipe--> Recipe --convert--> Conversion --jsonl.write--> bytes

Every row keeps its `Origin` to the end, and whatever was assumed or left out is said in a `Note`.
"""

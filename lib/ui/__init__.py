"""The screens' shell and the parts that pages share: the only package under `lib` that draws."""

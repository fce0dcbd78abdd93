"""The models that can be trained or asked, and who may."""

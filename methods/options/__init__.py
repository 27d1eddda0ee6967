"""Typed options of methods and recipes, checked by pydantic."""

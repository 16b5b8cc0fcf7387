"""Holds JSON to the types of the official SDKs, more strictly than the SDKs do themselves.

They take members that they do not know and are lazy about lists; a gateway that sends a misspelt
member would pass. Here an unknown member is an error, as is a missing one.
"""

import base64
import binascii
import dataclasses
import datetime
import enum
import functools
import inspect
import types
import typing
from collections import abc

import pydantic
import typing_extensions


@dataclasses.dataclass(frozen=True)
class Rules:
    """What is taken beside what the types say."""

    #: Members that may stand anywhere.
    extra: frozenset = frozenset()
    #: Members that may be missing although the types want them.
    optional: frozenset = frozenset()
    #: How a field of a model may be named, where that is not by its alias alone.
    names: typing.Callable | None = None


STRICT = Rules()
_LISTS = (list, abc.Iterable, abc.Sequence)
_MAPS = (dict, abc.Mapping)


def problems(value, hint, path="$", rules=None):
    """What is wrong with `value` as one of `hint`: sentences, none where all is well.

    `rules` loosen it, where the services are known to take more than their types say.
    """
    rules = rules or STRICT
    hint = _bare(hint)
    if hint is typing.Any or hint is object or isinstance(hint, typing.TypeVar):
        return []
    origin = typing.get_origin(hint)
    if origin is typing.Union or origin is types.UnionType:
        return _of_union(value, hint, path, rules)
    if origin is typing.Literal:
        allowed = typing.get_args(hint)
        return [] if value in allowed else [f"{path}: {value!r} is none of {allowed}"]
    if hint is None or hint is type(None):
        return [] if value is None else [f"{path}: {value!r} is not null"]
    name = getattr(origin, "__name__", "")
    if origin in _LISTS or name == "SequenceNotStr":
        if not isinstance(value, list):
            return [f"{path}: {value!r:.80} is no list"]
        [item] = typing.get_args(hint)
        return [p for i, v in enumerate(value) for p in problems(v, item, f"{path}[{i}]", rules)]
    if origin in _MAPS:
        if not isinstance(value, dict):
            return [f"{path}: {value!r:.80} is no object"]
        _, item = typing.get_args(hint)
        return [p for k, v in value.items() for p in problems(v, item, f"{path}.{k}", rules)]
    if typing_extensions.is_typeddict(hint):
        return _of_members(value, *_typed_dict(hint), path, rules)
    if inspect.isclass(hint) and issubclass(hint, pydantic.BaseModel):
        return _of_members(value, *_model(hint, rules.names), path, rules)
    return _of_scalar(value, hint, path)


def _bare(hint):
    """The hint without what only annotates it."""
    while True:
        origin = typing.get_origin(hint)
        wrappers = (typing_extensions.Required, typing_extensions.NotRequired)
        if origin is typing.Annotated or origin in wrappers:
            hint = typing.get_args(hint)[0]
        elif isinstance(hint, typing_extensions.TypeAliasType):
            hint = hint.__value__
        else:
            return hint


def _of_union(value, hint, path, rules):
    choices = [_bare(choice) for choice in typing.get_args(hint)]
    # An enumeration that is open for words to come is closed here.
    if any(typing.get_origin(choice) is typing.Literal for choice in choices):
        choices = [choice for choice in choices if choice is not typing.Any]
    found = [problems(value, choice, path, rules) for choice in choices]
    if any(not errors for errors in found):
        return []
    # The choice that it means is the one whose tag is right, else one of its kind in JSON.
    meant = [errors for c, errors in zip(choices, found) if _has_tag(value, c)]
    alike = [errors for c, errors in zip(choices, found) if _is_alike(value, c)]
    best = min(meant or alike or found, key=len)
    return best if meant else [f"{path}: {value!r:.200} is none of the choices", *best]


def _is_alike(value, hint):
    if isinstance(value, list):
        return typing.get_origin(hint) in _LISTS
    is_class = inspect.isclass(hint)
    is_structure = typing_extensions.is_typeddict(hint)
    is_structure |= is_class and issubclass(hint, pydantic.BaseModel)
    if isinstance(value, dict) or is_structure:
        return isinstance(value, dict) and is_structure
    return is_class and isinstance(value, hint)


def _has_tag(value, hint):
    if not isinstance(value, dict):
        return False
    if typing_extensions.is_typeddict(hint):
        members, _ = _typed_dict(hint)
    elif inspect.isclass(hint) and issubclass(hint, pydantic.BaseModel):
        members, _ = _model(hint, None)
    else:
        return False
    tags = [name for name in ("type", "role") if name in value and name in members]
    return bool(tags) and all(
        typing.get_origin(_bare(members[name])) is typing.Literal
        and value[name] in typing.get_args(_bare(members[name]))
        for name in tags
    )


def _of_members(value, members, required, path, rules):
    if not isinstance(value, dict):
        return [f"{path}: {value!r:.80} is no object"]
    missing = [f"{path}.{name}: missing" for name in sorted(required - value.keys() - rules.optional)]
    found = []
    for name, member in value.items():
        if name in members:
            found += problems(member, members[name], f"{path}.{name}", rules)
        elif name not in rules.extra:
            found.append(f"{path}.{name}: unknown member")
    return missing + found


@functools.lru_cache(maxsize=None)
def _typed_dict(hint):
    members = typing_extensions.get_type_hints(hint, include_extras=True)
    required = set(hint.__required_keys__)
    for name, member in members.items():
        if typing.get_origin(member) is typing_extensions.Required:
            required.add(name)
        elif typing.get_origin(member) is typing_extensions.NotRequired:
            required.discard(name)
    return members, frozenset(required)


@functools.lru_cache(maxsize=None)
def _model(hint, names):
    members, required = {}, set()
    for name, field in hint.model_fields.items():
        alias = field.serialization_alias or field.alias or name
        members |= dict.fromkeys(names(field, name) if names else {alias}, field.annotation)
        # A default that is not null is the tag of a kind, and must be sent.
        if field.is_required() or field.default not in (None, ...) and name in ("type", "role"):
            required.add(alias)
    return members, frozenset(required)


def _of_scalar(value, hint, path):
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is float:
        right = is_number
    elif hint is int:
        right = is_number and isinstance(value, int)
    elif hint is bytes:
        right = _is_base64(value)
    elif hint is datetime.datetime:
        right = isinstance(value, str) and _is_time(value)
    elif inspect.isclass(hint) and issubclass(hint, enum.Enum):
        right = value in [member.value for member in hint]
    elif inspect.isclass(hint):
        right = isinstance(value, hint)
    else:
        return [f"{path}: the type {hint!r} is not understood by this check"]
    return [] if right else [f"{path}: {value!r:.120} is no {hint.__name__}"]


def _is_base64(value):
    try:
        base64.b64decode(value.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, AttributeError, TypeError, ValueError):
        return False
    return True


def _is_time(value):
    try:
        datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True

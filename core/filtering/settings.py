"""The settings in `[filters]`, derived from the registry, and their defaults for each language."""

from functools import cache, partial
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from selfinstruct.core.filtering.registry import SETTINGS
from selfinstruct.core.filtering.setting_kinds import Count, Switch
from selfinstruct.core.language.registry import AUTO, ENGLISH, OTHER, known, language


class _FilterSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        for setting in SETTINGS:
            if isinstance(setting, Count) and setting.not_above is not None:
                least, most = getattr(self, setting.name), getattr(self, setting.not_above)
                if least > most:
                    raise ValueError(f"{setting.name} ({least}) exceeds {setting.not_above} ({most})")
        return self


def _english(name: str) -> Any:
    return getattr(filter_defaults(ENGLISH), name)


if TYPE_CHECKING:

    class FilterSettings(_FilterSettings):
        """The settings of all filters, one field for each setting of the registry.

        The defaults are those for English. `Settings` replaces them by those of its
        language.
        """

        def __init__(self, **values: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

else:
    FilterSettings = create_model(
        "FilterSettings",
        __base__=_FilterSettings,
        __module__=__name__,
        **{
            setting.name: (
                setting.annotation,
                Field(default_factory=partial(_english, setting.name), description=setting.description),
            )
            for setting in SETTINGS
        },
    )


@cache
def filter_defaults(code: str) -> FilterSettings:
    """The default filter settings of a language; those of English for an unknown code."""
    if code == AUTO:
        code = OTHER
    own = language(code if code in known() else ENGLISH).filters
    return FilterSettings(**{setting.name: setting.default for setting in SETTINGS} | dict(own))


def switched_on(filters: FilterSettings, usual: FilterSettings) -> FilterSettings:
    """`filters` with every filter switched on; those that are off take their value from `usual`."""
    changes = {
        setting.name: True if isinstance(setting, Switch) else setting.of(usual)
        for setting in SETTINGS
        if not setting.is_on(filters)
    }
    return filters.model_copy(update=changes)

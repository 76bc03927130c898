"""The settings in `[filters]`, made of the registry, and what they are where nobody has set them."""

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
                    raise ValueError(f"{setting.name} ({least}) is more than {setting.not_above} ({most})")
        return self


def _english(name: str) -> Any:
    return getattr(filter_defaults(ENGLISH), name)


if TYPE_CHECKING:

    class FilterSettings(_FilterSettings):
        """What the filters object to, a field for each setting of the registry.

        The defaults are those of the paper's pipeline, which are for English. In `Settings` they are those
        of the language.
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
    """The filters of a language when nobody has set any; of English for a code that is none."""
    if code == AUTO:
        code = OTHER
    own = language(code if code in known() else ENGLISH).filters
    return FilterSettings(**{setting.name: setting.default for setting in SETTINGS} | dict(own))


def switched_on(filters: FilterSettings, usual: FilterSettings) -> FilterSettings:
    """`filters` with every filter on; one that is off gets its value from `usual`."""
    changes = {
        setting.name: True if isinstance(setting, Switch) else setting.of(usual)
        for setting in SETTINGS
        if not setting.is_on(filters)
    }
    return filters.model_copy(update=changes)

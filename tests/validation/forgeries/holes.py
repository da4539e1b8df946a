"""Known holes: variants that our judge answers wrongly today, and why. A hole that is closed must leave this list."""

_PADDING = (
    "VALID: cms_checks.frames_its_contents compares the gap with /Contents as a whole; what stands behind the CMS in it is under no "
    "digest and looked at by nobody"
)
_COVERED = (
    "VALID: afterwards.whole_file looks only at what follows the LAST organisation signature; a receiver's own stamp is that one, "
    "so nothing asks what it covers"
)
_STAMPED = "VALID: the same; whatever after_seal would find between the agency's seal and a receiver's stamp is under the stamp and forgotten"
_OVER_TEXT = (
    "VALID: a real signature, trusted and small, hides the text under it; after_seal knows marks and sizes, not what the page shows there "
    "(a decision: issue 4 permits differences within later real signatures)"
)
_FORM = (
    "VALID: pyHanko lets /NeedAppearances, /DA, /DR and /Q of the form change (FormUpdatingRule compares /Fields only), and viewers draw "
    "fields anew by them"
)
_UNUSED = "VALID: an object that nothing uses counts as LTV, though no validation data (contract: only validation data may follow)"
_ROOT = (
    "unknown, not invalid: suspicions.nothing_shown asks reachable(old, old.root), which leaves out the catalog itself: a rewritten "
    "catalog (/Pages, /OCProperties) counts as nothing shown"
)
_PACK = "unknown, not invalid: suspicions.nothing_shown: a rewritten object stream is reachable from nowhere, what it packs is not compared"
_TWO_PAGES = (
    "unknown, not invalid: marks.marks is keyed by reference, so one annotation on a second page is no new mark"
)
_SILENT = "unknown without any reason: changes_after is none of those that pass, or no signature closes the file, and nothing says so"
_FILLED = (
    "invalid, not valid: changes.after_seal takes DiffResult.changed_form_fields for changes; pyHanko names there every field whose look "
    "was last written before the signed revision (form_field_rules._allow_in_place_appearance_update: == where <= is meant)"
)

HOLES: dict[str, str] = {
    name: why
    for why, names in {
        _PADDING: (
            "signature wrapping, padding: digits behind the CMS",
            "signature wrapping, padding: a PDF header behind the CMS",
            "signature wrapping, padding: one digit behind the CMS",
        ),
        _COVERED: (
            "sneaky signature, signed: by the receiver, over the number",
            "sneaky signature, signed: by the receiver, over the text",
            "sneaky signature, signed: by the receiver, over everything",
        ),
        _STAMPED: (
            "changed, then stamped by the receiver: field's value",
            "changed, then stamped by the receiver: field's value and look",
            "changed, then stamped by the receiver: box ticked",
            "changed, then stamped by the receiver: font of the form",
            "changed, then stamped by the receiver: unsigned field over the number",
        ),
        _OVER_TEXT: ("sneaky signature, signed: by the leader, over the text",),
        _FORM: tuple(
            f"around the form, {base}: {what}"
            for base in ("approval", "certified-2")
            for what in (
                "appearances to be made anew",
                "default appearance of the form",
                "font of the form",
                "alignment",
            )
        ),
        _UNUSED: ("incremental saving, incomplete: unused object",),
        _ROOT: (
            "incremental saving: other page tree",
            "incremental saving: other catalog",
            "incremental saving, object streams: other catalog",
            "shadow hide: layer switched off",
            "shadow hide: all layers off",
            "shadow hide: layers gone",
            "shadow hide: layered note switched off",
        ),
        _PACK: ("shadow hide and replace, table only: object stream replaced",),
        _TWO_PAGES: ("duplicate fields: seal also on page 2",),
        _SILENT: (
            "sneaky signature, issued: unsigned, box of one point",
            "sneaky signature, certified-2: unsigned, box of one point",
            "sneaky signature, certified-3: unsigned, box of one point",
            "around the form, approval: read-only flag",
            "around the form, approval: password flag",
            "around the form, certified-2: read-only flag",
            "around the form, certified-2: password flag",
        ),
        _FILLED: tuple(
            f"honest, a field with a look: {what}"
            for what in ("validation data", "document time stamp", "arrival stamp of a person", "metadata")
        ),
    }.items()
    for name in names
}

"""Which functions the fault runs call: by the protocol of their department's system."""

from collections.abc import Mapping

MIX: Mapping[str, tuple[str, ...]] = {
    "rest": (  # files a receipt once, however often it comes
        "customs-duty-pay",
        "ha-pay-bill",
        "hd-rent-pay",
        "hkpf-fixed-penalty-pay",
        "ird-tax-pay",
        "jud-fine-pay",
        "lcsd-programme-enrol",
        "hkpost-po-box-pay",
        "rvd-rates-pay",
        "wsd-water-bill-pay",
    ),
    "soap": (  # files again whatever comes again
        "bd-building-plan-pay",
        "dsd-drainage-connection-pay",
        "hd-parking-space-pay",
        "jud-transcript-pay",
        "mpfa-mpf-employer-pay",
        "md-pleasure-vessel",
        "lcsd-performing-venue",
        "wfsfaa-post-secondary-loan-pay",
    ),
}


def some(each: int, *, after: int = 0) -> list[str]:
    """So many functions of every protocol, leaving out the first `after`."""
    return [code for codes in MIX.values() for code in codes[after : after + each]]

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
    "fixed-width": (  # so does a mainframe
        "td-driving-licence-renew",
        "wsd-meter-reading",
        "td-driving-licence-first",
        "wsd-account-close",
    ),
    "sftp-batch": (  # a file a minute, and its answers in another
        "csb-pension-life-certificate",
        "fsd-ambulance-report",
        "fehd-niche-apply",
    ),
}


def everything() -> list[str]:
    """All of them, the protocols in turn."""
    longest = max(len(codes) for codes in MIX.values())
    return [codes[place] for place in range(longest) for codes in MIX.values() if place < len(codes)]


def apart(place: int) -> list[str]:
    """A pair of functions whose departments' systems serve no other pair."""
    return [MIX["rest"][place], MIX["soap"][place]]


def beside(pairs: int) -> list[str]:
    """A few functions of every protocol that are in none of so many pairs."""
    return [*MIX["rest"][pairs:], *MIX["soap"][pairs:], *MIX["fixed-width"], *MIX["sftp-batch"]]

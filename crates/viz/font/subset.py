#!/usr/bin/env python3
"""Cuts DejaVu Sans to the characters that pictures are made of, and lists their widths.

    pip install fonttools
    crates/viz/font/subset.py /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf

writes DejaVuSans.ttf, the font of PNG files, next to this file, and src/layout/widths.rs, from which
boxes are sized. Run it again only to change the ranges.
"""

import pathlib
import sys

from fontTools import subset
from fontTools.ttLib import TTFont

# Latin, Greek, Cyrillic; punctuation, sub- and superscripts; arrows, signs, pictures of controls.
RANGES = [
    (0x0020, 0x017F),
    (0x0370, 0x04FF),
    (0x2010, 0x2027),
    (0x2030, 0x205E),
    (0x2070, 0x209C),
    (0x2190, 0x22FF),
    (0x2400, 0x2424),
    (0xFFFD, 0xFFFD),
]

here = pathlib.Path(__file__).parent
options = subset.Options()
options.layout_features = []
options.hinting = False
options.notdef_outline = True
options.glyph_names = False
options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
font = subset.load_font(sys.argv[1], options)
subsetter = subset.Subsetter(options)
subsetter.populate(unicodes=[c for first, last in RANGES for c in range(first, last + 1)])
subsetter.subset(font)
subset.save_font(font, here / "DejaVuSans.ttf", options)

font = TTFont(here / "DejaVuSans.ttf")
characters, advances = font.getBestCmap(), font["hmtx"]
rows = []
for first, last in RANGES:
    widths = [str(advances[characters[c]][0] if c in characters else 0) for c in range(first, last + 1)]
    lines = [", ".join(widths[k : k + 24]) for k in range(0, len(widths), 24)]
    rows.append("    (\n        0x%04x,\n        &[\n%s        ],\n    ),\n" % (first, "".join(f"            {line},\n" for line in lines)))
(here.parent / "src/layout").mkdir(exist_ok=True)
(here.parent / "src/layout/widths.rs").write_text(
    "//! How wide the characters of DejaVu Sans are; written by `font/subset.py`.\n\n"
    f"/// How many units an em has.\npub(crate) const EM: f64 = {font['head'].unitsPerEm}.0;\n\n"
    "/// Runs of characters: the first, and the width of each in units; 0 where the font has none.\n"
    "#[rustfmt::skip]\npub(crate) const RUNS: &[(u32, &[u16])] = &[\n" + "".join(rows) + "];\n"
)

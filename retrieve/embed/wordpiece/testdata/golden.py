"""Writes golden.json: texts, the ids that Hugging Face's tokenizer gives, and their
places in the text, in bytes.

    pip install tokenizers==0.23.3
    python golden.py path/to/vocab.txt > golden.json
"""

import json
import sys

from tokenizers import BertWordPieceTokenizer

TEXTS = [
    "",
    " \t\r\n",
    "hello world",
    "Hello, World!",
    "unaffable embeddings tokenization",
    "naïve café Übergröße ẞtraße İstanbul",
    "e\u0301 o\u0302\u0303 a\u034f",
    "ΑΣ ς Ωμέγα",
    "日本語の文章 漢字kanji漢字 𠀀",
    "한국어 텍스트",
    "Привет, мир",
    "हिन्दी ไทย العربية עברית",
    "a\u0085b a\u00a0b a\u2028b a\u200bb a\u00adb a\ufffdb a\x00b a\x0bb a\x7fb",
    "≠ ≮ \u037e \u1fef \u2260",
    "$100.50 + 3% <tag> `code` a_b x^y ~z |",
    "don't it’s “quoted” – dash…",
    "https://example.com/a?b=c&d=1",
    "func (r *Reader) Read(p []byte) (n int, err error)",
    "a" * 100,
    "a" * 101,
    "e\u0301" * 100,
    "e\u0301" * 101,
    "b" * 99 + "☃",
    "☃ 🎉 👩\u200d💻",
    "\u200bze\u0301ro\u200bwidth\u0301\u0301, tokeni\u00adzation\u200b",
    "ＦＵＬＬ ｗｉｄｔｈ ﬁ ½ ² Ⅷ",
    "##ing ing ## #",
    "supercalifragilisticexpialidocious",
    "0123456789 1e10 v1.2.3-rc4",
]

tokenizer = BertWordPieceTokenizer(sys.argv[1], lowercase=True)


def row(text):
    encoded = tokenizer.encode(text, add_special_tokens=False)
    at = [len(text[:i].encode()) for i in range(len(text) + 1)]
    spans = [[at[start], at[end]] for start, end in encoded.offsets]
    return {"text": text, "ids": encoded.ids, "spans": spans}


print("[\n" + ",\n".join(json.dumps(row(text)) for text in TEXTS) + "\n]")

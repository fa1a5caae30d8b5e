"""Writes cases of the operators on text with ONNX Runtime's outputs, in the layout of ONNX's test data.

usage: texts.py DESTINATION

Left out: white space other than spaces in StringSplit, at which ONNX Runtime does not split although the
specification says so.
"""

import itertools
import sys

import numpy
from onnx import TensorProto
from runtime_cases import Cases, texts

SEED = 20260403

# Expressions that fix the syntax, each with texts.
EXPRESSIONS = [
    ("", ["", "a"]), ("a|", ["", "a", "b"]), ("(a|b|)*c", ["c", "abbac", "abd"]), ("^a$", ["a", "a\n"]),
    ("(?m)^a$\n^b$", ["a\nb", "ab"]), ("a.b", ["a\nb", "axb", "a\U0001F600b"]), ("(?s)a.b", ["a\nb", "aéb"]),
    ("[^a]", ["\n", "a", "b"]), ("[]a]+", ["]a]", "b"]), ("[a-]+", ["a-a", "b"]), ("[a\\-z]+", ["a-z", "b"]),
    ("[[:alpha:]_]+", ["aB_", "é"]), ("[[:^digit:]]+", ["ab", "a1"]), ("[[:word:][:punct:]]+", ["a1!", " "]),
    ("[[:foo]+", ["[:fo", "x"]), ("\\d+\\D\\s\\S\\w\\W", ["12a bc!", "12345"]), ("[\\d\\s]+", ["1 2", "a"]),
    ("[^\\D5]+", ["1234", "15"]), ("\\s+", [" \t\n\f\r", "\v"]), ("a{2,3}", ["a", "aa", "aaa", "aaaa"]),
    ("a{2}", ["aa", "a"]), ("a{2,}", ["a", "aaaa"]), ("a{0}b", ["b", "ab"]), ("a{,2}", ["a{,2}", "aa"]),
    ("a{01}", ["a{01}", "a"]), ("x{", ["x{", "x"]), ("(ab){2}?c+?d*?e??", ["ababccde", "abc"]),
    ("(?:(?:a*)*)*b", ["aaaab", "aaaa"]), ("(a?){20}a{20}", ["a" * 20, "a" * 19, "a" * 41]),
    ("(a*)*(b|c)+", ["aaabcb", "a"]), ("\\Aab\\z", ["ab", "abc"]), ("a\\b.b", ["a b", "aab"]), ("\\Ba\\B", ["a", "b"]),
    ("a\\Bb\\b", ["ab", "a"]), ("\\b\\B", [""]), ("\\Q[a]*\\E+", ["[a]***", "a"]), ("\\Qab", ["ab", "a"]),
    ("\\x41\\x{1F600}\\101\\0\\.\\n\\t\\a\\f\\r\\v", ["A\U0001F600A\x00.\n\t\a\f\r\v", "A"]), ("[\\x{100}-\\x{200}]", ["ā", "a"]),
    ("(?i)straße", ["STRAßE", "STRAẞE", "STRASSE"]), ("(?i)[k-l]+", ["K\u212ALl", "m"]), ("(?i)[^k]", ["\u212a", "K", "x"]),
    ("(?i)σ+", ["σςΣ", "s"]), ("(?i)\\w", ["ſ", "K", "é"]), ("(?i)\\W", ["ſ", "é"]), ("(?i)İ", ["i", "İ", "I"]),
    ("(?i)i", ["ı", "İ", "I"]), ("(?i)µ", ["μ", "Μ", "µ"]), ("a(?i)b|c", ["aB", "C", "AB"]), ("(?i:a)b", ["Ab", "AB"]),
    ("((?i)a)b", ["Ab", "AB"]), ("(?i)a(?-i)b", ["Ab", "AB"]), ("(?is-m:a.)", ["A\n", "b"]), ("(?U)a+", ["aa", ""]),
    ("(?P<n>a)(?<m>b)", ["ab", "a"]), ("\\pL+", ["aé漢", "1"]), ("\\p{Lu}\\P{Lu}", ["Aa", "AA"]), ("\\p{^Lu}", ["a", "A"]),
    ("[\\p{Nd}\\p{Zs}]+", ["1٣ ", "a"]), ("[^\\pL]", ["1", "a"]), ("\\p{Greek}+", ["αΩ", "a"]), ("\\P{Han}", ["漢", "a"]),
    ("[\\p{Latin}\\p{Cyrillic}]+", ["aжé", "α"]), ("(?i)\\p{Lu}", ["a", "A", "1"]), ("(?i)\\P{Lu}", ["a", "A", "1"]),
    ("\\pN\\pP\\pS\\pZ\\pM\\pC", ["1!+ \u0301\x01", "a"]), ("\\p{Any}", ["\n", "ab"]), ("(?:a|ab)(?:c|bcd)(?:d*)", ["abcd", "acd"]),
    ("a||b", ["", "a", "b"]), ("(|a)+", ["", "aaa"]), ("()", ["", "a"]), ("$^", [""]), ("^*a", ["a"]), ("a(?i)*", ["aa"]),
    ("é", ["é", "e\u0301"]), (".", ["e\u0301", "é", "\U00010400"]), ("[\\s\\S]{3}", ["a\nb", "ab"]), ("\\_\\]\\)\\}]}", ["_])}]}"]),
    ("https?://(?:[\\w-]+\\.)+[a-z]{2,6}(?:/\\S*)?", ["https://a-b.example.org/x?y=z", "http://x", "ftp://a.bc"]),
    ("[\\w.+-]+@[\\w-]+\\.[\\w.-]+", ["first.last+tag@mail.example", "@"]), ("(?:\\d{1,3}\\.){3}\\d{1,3}", ["127.0.0.1", "1.2.3"]),
]

# Pieces of random expressions over the letters a and b.
ATOMS = ["a", "b", ".", "[ab]", "[^a]", "(?:a|b)", "ab", "(?i)A", "\\b", "^", "$", "\\B"]
OPERATORS = ["", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,3}", "*?"]


def expression(rng, depth=0):
    parts = []
    for _ in range(int(rng.integers(1, 4))):
        atom = f"({expression(rng, depth + 1)})" if depth < 2 and rng.random() < 0.4 else str(rng.choice(ATOMS))
        parts.append(atom + str(rng.choice(OPERATORS)) if not atom.startswith("(?i)") else atom)
    text = "".join(parts)
    return f"{text}|{expression(rng, depth + 1)}" if depth < 2 and rng.random() < 0.3 else text


def matches(cases, rng):
    for pattern, words in EXPRESSIONS:
        cases.add("RegexFullMatch", [texts(*words)], [TensorProto.BOOL], version=20, pattern=pattern)
    words = ["".join(word) for length in range(5) for word in itertools.product("ab", repeat=length)]
    for _ in range(200):
        cases.add("RegexFullMatch", [texts(*words, "a\n", " ")], [TensorProto.BOOL], version=20, pattern=expression(rng))


def joins(cases, rng):
    words = texts("", "e", "\u0301", "é", "a b", "\U0001F600")
    cases.add("StringConcat", [words.reshape(6, 1), words.reshape(1, 6)], [TensorProto.STRING], version=20)
    cases.add("StringConcat", [words, texts("x")], [TensorProto.STRING], version=20)
    words = texts("  a b  c d ", "", " ", ",a,,b", "abXab", "é,e\u0301", ",", "a")
    for delimiter, most in itertools.product([None, "", ",", "ab", "é"], [None, 0, 1, 2, 9]):
        attributes = {"delimiter": delimiter} if delimiter is not None else {}
        attributes |= {"maxsplit": most} if most is not None else {}
        for x in [words, words.reshape(2, 4), words[3:4].reshape(())]:
            cases.add("StringSplit", [x], [TensorProto.STRING, TensorProto.INT64], version=20, **attributes)


def cases_of_letters(cases, rng):
    words = texts("straße", "été", "ÉTÉ", "ǅ", "ŉ", "ᾀ", "İI", "ı", "ς", "ﬁ", "x", "", "\U00010428", "e\u0301")
    for action, stops, is_sensitive, rank in itertools.product(
        ["NONE", "LOWER", "UPPER"], [[], ["été", "X"], ["STRASSE", "ᾈ"]], [0, 1], [1, 2]
    ):
        attributes = {"stopwords": stops} if stops else {}
        cases.add(
            "StringNormalizer", [words if rank == 1 else words.reshape(1, -1)], [TensorProto.STRING], version=20,
            case_change_action=action, is_case_sensitive=is_sensitive, locale="C.UTF-8", **attributes)


def grams(cases, rng):
    for mode, skips, least, rank, kind in itertools.product(
        ["TF", "IDF", "TFIDF"], [0, 1, 5], [1, 2], [1, 2], ["int32", "int64", "text"]
    ):
        pairs = [[0, 1], [1, 1], [2, 0], [3, 4]]
        triples = [[0, 1, 2], [4, 4, 4]]
        pool = [4, 0, 2] + sum(pairs, []) + sum(triples, [])
        count = 3 + len(pairs) + len(triples)
        attributes = {"weights": (rng.integers(1, 9, count) / 4).tolist()} if rng.random() < 0.6 else {}
        x = rng.integers(0, 5, (12,) if rank == 1 else (3, 9))
        if kind == "text":
            attributes["pool_strings"] = [f"t{number}" for number in pool]
            x = numpy.vectorize(lambda v: f"t{v}", otypes=[object])(x)
        else:
            attributes["pool_int64s"] = pool
            x = x.astype(kind)
        cases.add(
            "TfIdfVectorizer", [x], [TensorProto.FLOAT], version=20, mode=mode, max_skip_count=skips,
            min_gram_length=least, max_gram_length=int(rng.integers(least, 4)), ngram_counts=[0, 3, 3 + 2 * len(pairs)],
            ngram_indexes=rng.permutation(count).tolist(), **attributes)


def main(destination):
    cases = Cases(destination)
    for make in [matches, joins, cases_of_letters, grams]:
        make(cases, numpy.random.default_rng(SEED))
    cases.report()


main(sys.argv[1])

import Testing

@testable import Reporting

@Suite("Names in Markdown")
struct MarkdownTextTests {
  @Test(
    "nothing in a name is markup",
    arguments: [
      ("ResNet-18 (α = 0.5), v1.0", "ResNet-18 (α = 0.5), v1.0"), ("a_b_c", "a_b_c"), ("_a_", "\\_a\\_"),
      ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
      ("&lt;script&gt;", "&amp;lt;script&amp;gt;"), ("[x](javascript:1)", "\\[x\\](javascript:1)"),
      ("![x](http://a)", "!\\[x\\](http\\://a)"), ("https://a.b", "https\\://a.b"), ("www.a.b", "www\\.a.b"),
      ("**b** `c` ~~d~~ $e$", "\\*\\*b\\*\\* \\`c\\` \\~\\~d\\~\\~ \\$e\\$"), ("a|b", "a\\|b"),
      ("# h", "\\# h"), ("- l", "\\- l"), ("1. l", "1\\. l"), ("1) l", "1\\) l"), ("---", "\\---"),
      ("a\\|b", "a\\\\\\|b"), ("a\n# b", "a\\\\u{a}# b"), ("\u{202E}x", "\\\\u{202e}x"), ("1.5", "1\\.5"),
    ])
  func escaped(text: String, markdown: String) { #expect(MarkdownText.escaped(text) == markdown) }
}

import TestSupport
import Testing

@testable import Tensors

@Suite("Text that is printed")
struct PrintableTextTests {
  @Test(
    "what a runner or a terminal obeys is spelled out, and nothing else is touched",
    arguments: [
      ("plain: a::b ##x # [", "plain: a::b ##x # ["),
      ("::error::x", "\\u{3a}:error::x"),
      ("a\n::error::x\nb", "a\n\\u{3a}:error::x\nb"),
      ("  ::error::x", "  \\u{3a}:error::x"),
      ("\u{A0}\u{2003}::error::x", "\u{A0}\u{2003}\\u{3a}:error::x"),
      ("x ##[error]y", "x \\u{23}#[error]y"),
      ("x##vso[task.setvariable]y", "x\\u{23}#vso[task.setvariable]y"),
      ("##teamcity[x]", "\\u{23}#teamcity[x]"),
      ("###[x]", "#\\u{23}#[x]"),
      ("## A heading [1]", "## A heading [1]"),
      ("a\u{1B}[2Jb\u{9B}c\rd\u{7}\u{7F}", "a\\u{1b}[2Jb\\u{9b}c\\u{d}d\\u{7}\\u{7f}"),
      ("a\u{202E}b\u{2066}c\u{200F}d\u{61C}e", "a\\u{202e}b\\u{2066}c\\u{200f}d\\u{61c}e"),
      ("a\u{2028}b\u{2029}c\u{FEFF}d\u{E0041}e", "a\\u{2028}b\\u{2029}c\\u{feff}d\\u{e0041}e"),
      ("f\u{10F7FF}\u{10F780}", "f\\xff\\x80"),
      ("größe × 名前 – …", "größe × 名前 – …"),
    ])
  func page(text: String, printed: String) { #expect(PrintableText.page(text, as: .text) == printed) }

  @Test("a line of text has no end of line in it, and is the same when it is printed again")
  func line() {
    #expect(PrintableText.line("a\n::b\t") == "a\\u{a}::b\\u{9}")
    #expect(PrintableText.page(PrintableText.line("a\nb"), as: .text) == "a\\u{a}b")
  }

  @Test("JSON, XML and our own commands have their own spelling")
  func syntaxes() {
    #expect(
      PrintableText.page("\"\u{202E}\u{10F7FF}##[x]\"", as: .json) == "\"\\u202e\\udbfd\\udfff\\u0023#[x]\"")
    #expect(PrintableText.page("\u{85}::##[x]", as: .xml) == "&#x85;&#x3a;:&#x23;#[x]")
    #expect(PrintableText.page("\n::##[x]", as: .xml) == "\n&#x3a;:&#x23;#[x]")
    #expect(PrintableText.page("::error::\u{202E}##[x]", as: .commands) == "::error::\\u{202e}\\u{23}#[x]")
  }

  @Test("no text, however made, leaves something that is obeyed")
  func generated() {
    var generator = SeededGenerator(seed: 15)
    let pieces = [
      ":", "::", "#", "##", "[", "vso[", "\n", " ", "\u{2003}", "error", "\u{1B}", "\u{202E}", "\r", "é",
      "\u{85}", "a",
    ]
    var count = 0
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 1...8, using: &generator)).map { _ in
        pieces.randomElement(using: &generator) ?? ""
      }.joined()
      let page = PrintableText.page(text, as: .text)
      #expect(!page.unicodeScalars.contains { $0 != "\n" && PrintableText.isHidden($0) })
      for line in page.split(separator: "\n") {
        #expect(!line.drop(while: \.isWhitespace).hasPrefix("::"), "\(text.debugDescription)")
        #expect(!line.contains("##[") && !line.contains("##vso["), "\(text.debugDescription)")
      }
      count += 1
    }
    #expect(count == 20_000)
  }
}

package import StrictJSON
internal import Tensors

/// One HTML file with everything in it: style, program and data. It loads nothing.
///
/// The parts are ordinary files in `Page/`. A content security policy allows exactly this style and these programs.
package struct PageFile: Sendable {
  /// A part of the page.
  struct Section: Sendable {
    /// The id, by which the program finds the section.
    let id: String
    /// The heading; nil for a section that only the program fills.
    let title: String?
    /// The HTML under the heading.
    let html: String
  }

  let title: String
  /// A sentence under the title, as plain text.
  let summary: String
  let sections: [Section]
  /// The documents that the page needs at once, by id.
  let data: [(id: String, value: JSONValue)]
  /// The documents that may arrive after the page can be used.
  let later: [(id: String, value: JSONValue)]

  /// The programs in the order in which they are joined.
  private static let programs = [
    PackageResources.data_js, PackageResources.choice_js, PackageResources.controls_js,
    PackageResources.counts_js, PackageResources.layers_js, PackageResources.network_js,
    PackageResources.grid_js, PackageResources.curve_js, PackageResources.assignment_js,
    PackageResources.paged_js, PackageResources.tensors_js, PackageResources.difference_js,
    PackageResources.main_js,
  ]

  /// The file's text.
  ///
  /// Throws `JSONError.notFinite` for a number that JSON does not have.
  package func html(version: String) throws(JSONError) -> String {
    let style = String(decoding: PackageResources.page_css, as: UTF8.self)
    let script = Self.programs.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
    let start = "finishPage();"
    let policy = [
      "default-src 'none'", "style-src '\(Self.source(of: style))'",
      "script-src '\(Self.source(of: script))' '\(Self.source(of: start))'", "base-uri 'none'",
      "form-action 'none'",
    ]
    var text = ""
    let values = [
      "policy": policy.joined(separator: "; "), "version": PageText.escaped(version),
      "title": PageText.name(title), "summary": PageText.escaped(summary), "style": style,
      "script": script, "start": start, "sections": sections.map(\.text).joined(separator: "\n"),
      "data": try Self.scripts(data), "later": try Self.scripts(later),
    ]
    // One walk over the template, so `{{title}}` in a tensor's name stays as it is.
    var rest = String(decoding: PackageResources.index_html, as: UTF8.self)[...]
    while let opening = rest.firstRange(of: "{{"),
      let closing = rest[opening.upperBound...].firstRange(of: "}}")
    {
      text += rest[..<opening.lowerBound]
      text += values[String(rest[opening.upperBound..<closing.lowerBound])] ?? ""
      rest = rest[closing.upperBound...]
    }
    return text + rest
  }

  private static func scripts(_ documents: [(id: String, value: JSONValue)]) throws(JSONError) -> String {
    var text = ""
    for document in documents {
      text += "<script type=\"application/json\" id=\"data-\(document.id)\">"
      text += try EmbeddedJSON.text(document.value)
      text += "</script>\n"
    }
    return text
  }

  /// A text as a source of a content security policy: its SHA-256 in base64.
  private static func source(of text: String) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let bytes = SHA256Digest.of(Array(text.utf8)).bytes
    var result: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let number = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for place in 0...group.count { result.append(digits[number >> (18 - 6 * place) & 63]) }
      result += [UInt8](repeating: UInt8(ascii: "="), count: 3 - group.count)
    }
    return "sha256-" + String(decoding: result, as: UTF8.self)
  }
}

extension PageFile.Section {
  fileprivate var text: String {
    guard let title else { return "<section id=\"\(id)\" hidden>\(html)</section>" }
    return "<section id=\"\(id)\">\n<h2>\(PageText.escaped(title))</h2>\n\(html)</section>"
  }
}

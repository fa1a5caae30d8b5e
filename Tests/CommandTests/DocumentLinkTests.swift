import Foundation
import TestSupport
import Testing

/// The links of README.md, docs/ and the other pages that people read.
@Suite("Links of the documents")
struct DocumentLinkTests {
  @Test("every link leads to a file of the repository, and every fragment to a heading")
  func targets() throws {
    let pages = try Self.pages()
    #expect(pages.count >= 35)
    var count = 0
    for page in pages {
      for link in try Self.links(of: page) {
        count += 1
        let target = Self.target(of: link, on: page)
        guard let target, FileManager.default.fileExists(atPath: "\(SourceFolder.root)/\(target.path)") else {
          Issue.record("\(page): \(link): no such file")
          continue
        }
        if let fragment = target.fragment {
          let anchors = target.path.hasSuffix(".md") ? try Self.anchors(of: target.path) : []
          #expect(anchors.contains(fragment), "\(page): \(link): no such heading")
        }
      }
    }
    #expect(count >= 220)
  }

  @Test("every page of docs/ is at most two links away from README.md")
  func distance() throws {
    var reached: Set = ["README.md"]
    for _ in 1...2 {
      for page in reached where page.hasSuffix(".md") {
        for link in try Self.links(of: page) {
          guard let target = Self.target(of: link, on: page)?.path,
            FileManager.default.fileExists(atPath: "\(SourceFolder.root)/\(target)")
          else { continue }
          reached.insert(target)
        }
      }
    }
    let pages = try Self.markdown(in: "docs")
    #expect(pages.count >= 28)
    for page in pages { #expect(reached.contains(page), "\(page) is further away") }
  }

  private static func pages() throws -> [String] {
    ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"]
      + (try markdown(in: "docs")) + (try markdown(in: "samples").filter { $0.hasSuffix("/README.md") })
  }

  /// The pages in a folder, at any depth. What a build leaves in folders that begin with a dot is not ours.
  private static func markdown(in folder: String) throws -> [String] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: "\(SourceFolder.root)/\(folder)")
    return names.filter { name in
      name.hasSuffix(".md") && !name.split(separator: "/").contains { $0.hasPrefix(".") }
    }.sorted().map { "\(folder)/\($0)" }
  }

  /// The lines of a page that are not in a block of code.
  private static func prose(of page: String) throws -> [Substring] {
    let text = try String(contentsOfFile: "\(SourceFolder.root)/\(page)", encoding: .utf8)
    var isCode = false
    return text.split(separator: "\n").filter { line in
      if line.hasPrefix("```") { isCode.toggle() }
      return !isCode && !line.hasPrefix("```")
    }
  }

  /// The links to other places of the repository.
  private static func links(of page: String) throws -> [String] {
    // A link's text may be broken over two lines; code is not read.
    let text = try prose(of: page).joined(separator: "\n").replacing(try Regex("`[^`\n]*`"), with: "")
    let link = try Regex("\\]\\(([^()\\s]+)\\)", as: (Substring, Substring).self)
    return text.matches(of: link).map { String($0.output.1) }
      .filter { !$0.contains("://") && !$0.hasPrefix("mailto:") }
  }

  /// The path in the repository that a link leads to, and the heading; nil when it leads out of the repository.
  private static func target(of link: String, on page: String) -> (path: String, fragment: String?)? {
    let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let fragment = parts.count > 1 ? String(parts[1]) : nil
    if parts[0].isEmpty { return (page, fragment) }
    var folders = page.split(separator: "/").dropLast().map(String.init)
    for step in parts[0].split(separator: "/") where step != "." {
      if step != ".." {
        folders.append(String(step))
      } else if folders.popLast() == nil {
        return nil
      }
    }
    return (folders.joined(separator: "/"), fragment)
  }

  /// The fragments of a page's headings, as GitHub makes them.
  private static func anchors(of page: String) throws -> Set<String> {
    var anchors: Set<String> = []
    for line in try prose(of: page) where line.hasPrefix("#") {
      let heading = line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
      let kept = heading.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
      let anchor = kept.replacing(" ", with: "-")
      var number = 0
      while !anchors.insert(number == 0 ? anchor : "\(anchor)-\(number)").inserted { number += 1 }
    }
    return anchors
  }
}

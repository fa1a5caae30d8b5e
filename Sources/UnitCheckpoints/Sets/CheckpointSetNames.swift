package import ByteFiles
internal import Glibc

/// The names of the files of a set of checkpoints, which follow from that of the one file that they stand for:
/// `model-00003-of-00008.h5` and the list `model.h5.index.json` for `model.h5`.
package struct CheckpointSetNames: Sendable {
  /// The path of the one file.
  package let path: String
  private let stem: String
  private let ending: String

  /// The names for `path`; nil if it does not end in `.h5` or `.hdf5`.
  package init?(_ path: String) {
    guard
      let ending = [".h5", ".hdf5"].first(where: {
        path.lowercased().utf8.suffix($0.utf8.count).elementsEqual($0.utf8)
      })
    else { return nil }
    self.path = path
    let name = SystemPath.bareName(of: path).utf8
    guard name.count > ending.utf8.count else { return nil }
    stem = String(decoding: name.dropLast(ending.utf8.count), as: UTF8.self)
    self.ending = String(decoding: name.suffix(ending.utf8.count), as: UTF8.self)
  }

  /// The folder of all files.
  package var folder: String { SystemPath.folder(of: path) }
  /// The path of the list of the files.
  package var list: String { path + ".index.json" }

  /// The bare name of a part, as for shards of safetensors.
  package func name(_ number: Int, of count: Int) -> String {
    "\(stem)-\(SystemPath.fiveDigits(number))-of-\(SystemPath.fiveDigits(count))\(ending)"
  }

  /// The path of a part.
  package func path(_ number: Int, of count: Int) -> String {
    SystemPath.joined(folder, name(number, of: count))
  }

  /// The parts in the folder: the number of all parts, and the numbers of those that exist.
  ///
  /// Throws `FileError` if the folder cannot be read, or has the parts of several divisions.
  package func existing() throws(FileError) -> (count: Int, numbers: [Int])? {
    guard let names = SystemPath.names(in: folder) else {
      throw FileError(action: "open", path: folder, errno: errno)
    }
    var found: [Int: [Int]] = [:]
    for name in names {
      guard let (number, count) = numbers(in: Array(name.utf8)) else { continue }
      found[count, default: []].append(number)
    }
    guard let (count, numbers) = found.first else { return nil }
    guard found.count == 1 else {
      let all = found.keys.sorted().map(String.init).joined(separator: " and of ")
      throw FileError(
        action: "join", path: path,
        reason: "the folder has parts of \(all) parts; remove those that do not belong to the set")
    }
    return (count, numbers.sorted())
  }

  /// The numbers in the name of a part; nil for other names.
  private func numbers(in name: [UInt8]) -> (number: Int, count: Int)? {
    let (start, end) = (Array("\(stem)-".utf8), Array(ending.utf8))
    guard name.count > start.count + end.count, name.starts(with: start),
      name.suffix(end.count).elementsEqual(end)
    else { return nil }
    let middle = String(decoding: name[start.count..<name.count - end.count], as: UTF8.self)
    let words = middle.split(separator: "-", omittingEmptySubsequences: false)
    guard words.count == 3, words[1] == "of", let number = Int(words[0]), let count = Int(words[2]),
      (1...CheckpointPart.limit).contains(count), (1...count).contains(number),
      self.name(number, of: count).utf8.elementsEqual(name)
    else { return nil }
    return (number, count)
  }
}

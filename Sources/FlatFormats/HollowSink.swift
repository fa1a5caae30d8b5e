internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// Writes stored files again: their own bytes, with the elements of tensors in the holes.
final class HollowSink: TensorSink {
  let order: [Int]
  private var progress: SinkProgress
  private let files: [HollowFile]
  private var writers: [SequentialWriter] = []
  /// The folders that were made for external data.
  private let folders = NewFolders()
  /// The index of the current file; below, the numbers of its holes and of its own bytes that have been written.
  private var current = 0
  private var hole = 0
  private var held = 0
  private var left = 0

  private let contents: SinkContents
  private let kind: FlatFormatKind
  /// Whether a reader finds the tensors under the names that they have here.
  private let keepsNames: Bool

  /// - Parameters:
  ///   - rule: the rule that files break which the tensors do not fill.
  ///   - keepsNames: whether a reader finds the tensors under the names that they have here.
  init(
    _ contents: SinkContents, _ files: [HollowFile], as kind: FlatFormatKind, breaking rule: FlatFormatRule,
    keepsNames: Bool = true
  ) throws(FlatFormatError) {
    self.contents = contents
    self.kind = kind
    self.keepsNames = keepsNames
    self.files = files
    order = files.flatMap { $0.holes.map(\.tensor) }
    guard order.allSatisfy(contents.specs.indices.contains), Set(order).count == order.count,
      files.allSatisfy({ file in
        file.size != nil && file.holes.allSatisfy { contents.specs[$0.tensor].byteCount == $0.count }
      }), files.first?.name == nil, files.dropFirst().allSatisfy({ $0.name.map(HollowFile.isBeside) == true })
    else {
      throw contents.refusal(
        rule, kind == .onnx ? "graph" : "file",
        expected: "holes that the tensors fill, in files of the model's folder",
        found: "holes or files that do not match them")
    }
    progress = SinkProgress(contents, order: order)
    let slash = SystemPath.prefix(of: contents.path)
    for (index, file) in files.enumerated() {
      guard let name = file.name else { continue }
      // The names come from the checkpoint and not from the user, so they must not exist as files or folders yet.
      let first = SystemPath.components(name)[0]
      guard slash + first != contents.path, !files[..<index].contains(where: { $0.name == name }),
        FileIdentity(path: slash + first) == nil
      else {
        throw contents.refusal(
          rule, "external data \(TensorName(name).quoted)",
          expected: "no file or folder named \(TensorName(first).quoted) in the model's folder", found: "one")
      }
    }
    for file in files.dropFirst() {
      let steps = SystemPath.components(file.name ?? "").dropLast()
      for count in steps.indices {
        try asFlatFormat { () throws(FileError) in
          try folders.make(slash + steps[...count].joined(separator: "/"))
        }
      }
    }
    for file in files {
      let path = file.name.map { slash + $0 } ?? contents.path
      writers.append(try asFlatFormat { () throws(FileError) in try SequentialWriter(path: path) })
    }
    try writeOwn()
  }

  /// Temporary files are removed before the folders that were made for them.
  deinit { writers = [] }

  /// Writes the files' own bytes up to the next hole with bytes.
  private func writeOwn() throws(FlatFormatError) {
    while current < files.count {
      let file = files[current]
      let stretch: Int
      if hole < file.holes.count {
        let before = hole == 0 ? 0 : file.holes[hole - 1].position + file.holes[hole - 1].count
        stretch = file.holes[hole].position - before
      } else {
        stretch = file.bytes.count - held
      }
      try asFlatFormat { () throws(FileError) in
        try writers[current].append(Array(file.bytes[held..<held + stretch]))
      }
      held += stretch
      if hole < file.holes.count {
        left = file.holes[hole].count
        if left > 0 { return }
        hole += 1
        continue
      }
      (current, hole, held) = (current + 1, 0, 0)
    }
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws(FlatFormatError) {
    try progress.advance(by: bytes.count)
    var start = 0
    while start < bytes.count, current < files.count {
      let count = min(left, bytes.count - start)
      try asFlatFormat { () throws(FileError) in
        try writers[current].append(UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
      }
      start += count
      left -= count
      if left == 0 {
        hole += 1
        try writeOwn()
      }
    }
  }

  func finish() throws(FlatFormatError) {
    try progress.requireEnd()
    if current < files.count { try writeOwn() }
    if kind != .onnx, let writer = writers.first, writers.count == 1 {
      return try contents.commit(writer, as: kind, keepsNames: keepsNames)
    }
    // The model is last: it names the others.
    for writer in writers.reversed() { try asFlatFormat { () throws(FileError) in try writer.commit() } }
    folders.keep()
  }
}

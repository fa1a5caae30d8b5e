internal import ByteFiles
internal import Tensors
internal import Zip

/// Writes arrays as `numpy.savez` does: stored members dated 1 January 1980.
final class NpzSink: ZipMemberSink {
  let order: [Int]
  private let contents: SinkContents
  private let headers: [[UInt8]]
  private let comment: [UInt8]
  let zip: ZipWriter
  var progress: SinkProgress
  /// Place in `order` of the next member to begin.
  private var begun = 0

  init(_ contents: SinkContents) throws(FlatFormatError) {
    var headers: [[UInt8]] = []
    headers.reserveCapacity(contents.specs.count)
    for spec in contents.specs {
      headers.append(try NpyHeaderWriter.header(of: spec, contents))
      let name = Array((spec.name.text + NpzSource.memberSuffix).utf8)
      let problem = spec.name.text.isEmpty ? "an empty one" : ZipName.problem(name)
      guard problem == nil, name.count <= 0xFFFF else {
        throw contents.refusal(
          .npzName, "tensor \(spec.name.quoted)", expected: "a name that a zip member can have",
          found: problem ?? "one of \(name.count.grouped) bytes")
      }
    }
    comment = try Self.comment(contents)
    self.contents = contents
    self.headers = headers
    order = Array(contents.specs.indices)
    progress = SinkProgress(contents, order: order)
    zip = ZipWriter(try asFlatFormat { () throws(FileError) in try SequentialWriter(path: contents.path) })
    try begin()
  }

  func finish() throws(FlatFormatError) {
    try progress.requireEnd()
    try asFlatFormat { () throws(FileError) in try zip.finish(comment: comment) }
    try contents.commit(zip.writer, as: .npz)
  }

  /// Begins the member that the next byte belongs to, and members without bytes before it.
  func begin() throws(FlatFormatError) {
    while begun < order.count, begun <= progress.place {
      let spec = contents.specs[begun]
      let header = headers[begun]
      let (size, overflow) = spec.byteCount.addingReportingOverflow(header.count)
      guard !overflow else {
        throw contents.refusal(
          .npyHeaderWrite, "tensor \(spec.name.quoted)", expected: "an array that fits a file",
          found: spec.shapeText)
      }
      try asFlatFormat { () throws(FileError) in
        try zip.begin(name: spec.name.text + NpzSource.memberSuffix, size: size)
        try zip.append(header)
      }
      begun += 1
    }
  }

  private static func comment(_ contents: SinkContents) throws(FlatFormatError) -> [UInt8] {
    if contents.ties.isEmpty { return [] }
    var text: [UInt8] = []
    JSONText.append([(TensorTies.key, TensorTies.encoded(contents.ties))], to: &text)
    guard text.count <= 0xFFFF else {
      throw contents.refusal(
        .npzTies, "archive comment", expected: "ties that fit 65,535 bytes",
        found: "\(text.count.grouped) bytes")
    }
    return text
  }
}

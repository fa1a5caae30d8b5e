package import ByteFiles
package import Planning
internal import Tensors
package import UnitModel

/// Small files that people write: plans, policies, claims, studies, descriptions of families, and lists of names.
package enum DocumentFile {
  /// Reads and parses a document.
  ///
  /// - Parameters:
  ///   - limit: the largest size in bytes.
  ///   - what: its name in messages, such as "a plan".
  ///   - parse: parses the bytes; the file's name is put before its errors.
  package static func read<Value>(
    _ path: String, limit: Int, as what: String, _ parse: ([UInt8]) throws -> Value
  ) throws(TesseraError) -> Value {
    let file: ReadableFile
    do throws(FileError) { file = try ReadableFile(path: path) } catch {
      throw TesseraError(error)
    }
    return try read(file, limit: limit, as: what, parse)
  }

  /// Parses a document whose file is open.
  package static func read<Value>(
    _ file: ReadableFile, limit: Int, as what: String, _ parse: ([UInt8]) throws -> Value
  ) throws(TesseraError) -> Value {
    guard file.size <= limit else {
      throw TesseraError(
        sentence:
          "\(file.path): expected \(what) of at most \(limit.grouped) bytes, found \(file.size.grouped)")
    }
    let bytes: [UInt8]
    do throws(FileError) { bytes = try file.bytes(at: 0, count: file.size) } catch {
      throw TesseraError(error)
    }
    do { return try parse(bytes) } catch let failure as TesseraError { throw failure } catch {
      throw TesseraError(TesseraError.code(of: error), "\(file.path): \(error)")
    }
  }

  /// The beginning of a JSON object, in which a document's format is; nil for other files.
  package static func head(_ file: ReadableFile) -> String? {
    guard let head = try? file.bytes(at: 0, count: min(4096, file.size)), head.first == 0x7B else {
      return nil
    }
    return String(decoding: head, as: UTF8.self)
  }

  /// A path, relative to the folder of another file.
  package static func path(_ path: String, beside other: String) -> String {
    SystemPath.isAbsolute(path) ? path : SystemPath.prefix(of: other) + path
  }
}

/// Reads plans from disk.
package enum PlanFile {
  /// The largest plan in bytes. Real plans take kilobytes, because their tensors are patterns.
  private static let sizeLimit = 64 << 20

  /// The plan in the file at `path`; nil if the file is something else.
  package static func recognised(_ path: String) throws(TesseraError) -> Plan? {
    guard path.lowercased().hasSuffix(".json"), let file = try? ReadableFile(path: path),
      DocumentFile.head(file)?.contains("\"\(Plan.format)\"") == true
    else { return nil }
    return try read(path)
  }

  /// The plan in the file at `path`.
  package static func read(_ path: String) throws(TesseraError) -> Plan {
    try DocumentFile.read(path, limit: sizeLimit, as: "a plan") { try Plan(parsing: $0) }
  }

  /// The plan in an open file.
  package static func read(_ file: ReadableFile) throws(TesseraError) -> Plan {
    try DocumentFile.read(file, limit: sizeLimit, as: "a plan") { try Plan(parsing: $0) }
  }
}

/// Reads files of channels in order, for `tessera plan --order`.
package enum RankingFile {
  /// - Parameter group: the group whose axes the keys number; nil if keys are names of axes.
  package static func read(_ path: String, group: String?) throws(TesseraError) -> ChannelRanking {
    try DocumentFile.read(path, limit: ChannelRanking.sizeLimit, as: "lists of channels") {
      try ChannelRanking(parsing: $0, path: path, group: group)
    }
  }
}

internal import ByteFiles
internal import FlatFormats
internal import HDF5Kit
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import Validation

/// A file that a command was given, opened as whatever it turned out to be.
enum InputFile {
  case flat(any FlatWeightsSource)
  case checkpoint(UnitCheckpoint)

  /// Opens and recognises the file by its content.
  ///
  /// - Parameters:
  ///   - assumeDType: what two-byte and one-byte elements of an npy without a dtype are.
  ///   - usesHeaders: whether a checkpoint's flat files may be written again.
  init(_ path: String, assumeDType: DType? = nil, usesHeaders: Bool = true) throws(Failure) {
    do {
      if let source = try FlatFormats.open(folder: path, assumeDType: assumeDType) {
        self = .flat(source)
        return
      }
      let file = try ReadableFile(path: path)
      if try HDF5File.hasSignature(file) {
        self = .checkpoint(try Self.checkpoint(file, usesHeaders: usesHeaders))
      } else if FlatFormats.recognise(file) != nil {
        self = .flat(try FlatFormats.open(file, assumeDType: assumeDType))
      } else {
        let found = FlatFormats.archiveInWords(file) ?? Self.guess(file)
        throw Failure(sentence: "\(path): expected \(Self.known), found \(found)")
      }
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(sentence: "\(error)")
    }
  }

  /// Opens a unit checkpoint, in which `validate` would find no error without reading the tensors' data.
  static func checkpoint(_ file: ReadableFile, usesHeaders: Bool = true) throws -> UnitCheckpoint {
    let checkpoint = try UnitCheckpoint(file)
    if let error = CheckpointSoundness.error(in: checkpoint, usesHeaders: usesHeaders) {
      throw Failure(
        sentence: "\(file.path): \(error.location): \(error.message)")
    }
    return checkpoint
  }

  /// The tensors, wherever they are; those of a checkpoint are put together while they are read.
  var source: any TensorSource {
    switch self {
    case .flat(let flat): flat
    case .checkpoint(let checkpoint): checkpoint
    }
  }

  private static let known = "a unit checkpoint, safetensors, npz, npy, a PyTorch file or an ONNX model"

  /// What a file that nobody recognises looks like, in words.
  private static func guess(_ file: ReadableFile) -> String {
    if file.size == 0 { return "an empty file" }
    guard let head = try? file.bytes(at: 0, count: min(32, file.size)) else { return "an unreadable file" }
    let starts: [([UInt8], String)] = [
      ([0x80, 0x02], "a Python pickle"),
      ([0x47, 0x47, 0x55, 0x46], "a GGUF file"), ([0x7B], "JSON text"), ([0x1F, 0x8B], "a gzip archive"),
      (
        Array("version https://git-lfs".utf8),
        "a Git LFS pointer: `git lfs pull` fetches the file it stands for"
      ),
      (Array("<!DOCTYPE".utf8), "an HTML page: a download that failed, most likely"),
      (Array("<html".utf8), "an HTML page: a download that failed, most likely"),
      ([0x25, 0x50, 0x44, 0x46], "a PDF"), ([0x89, 0x50, 0x4E, 0x47], "a PNG picture"),
    ]
    for (start, words) in starts where head.starts(with: start) { return words }
    return "\(file.size) bytes that begin with \(head.prefix(4).map { hex($0) }.joined(separator: " "))"
  }

  private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}

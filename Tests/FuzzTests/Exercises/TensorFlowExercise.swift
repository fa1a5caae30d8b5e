import ByteFiles
import Foundation
internal import TensorStreams
import Tensors

@testable import FlatFormats

/// Reads the bytes as the index of a checkpoint with one data file, as they are and with right checksums, and as a graph of
/// objects.
enum TensorFlowExercise {
  private static let dataSize = 8192

  static func run(_ bytes: [UInt8]) {
    read(bytes)
    if let sealed = sealed(bytes) { read(sealed) }
    guard let file = ScratchFile.holding(bytes) else { return }
    do throws(FlatFormatError) { _ = try ObjectGraph(file, 0..<bytes.count, path: file.path) } catch {
      requireSentence(error)
    }
  }

  private static func read(_ bytes: [UInt8]) {
    guard let folder, FileManager.default.createFile(atPath: folder + "/x.index", contents: Data(bytes))
    else {
      return
    }
    do {
      let file = try ReadableFile(path: folder + "/x.index")
      _ = FlatFormats.recognise(file)
      let source = try FlatFormats.open(file, as: .tensorflow)
      for item in source.leftOut { _ = item.sentence }
      for remark in source.remarks { _ = remark.sentence }
      let names = source.tensors.map(\.spec.name)
      require(Set(names).count == names.count, "every name once")
      let total = source.tensors.reduce(0) { $0 + $1.spec.byteCount }
      require(total <= dataSize, "no more bytes than the data file")
      _ = try WholeReading.readAll(source, limit: .max)
    } catch {
      requireSentence(error)
      require("\(error)".hasPrefix(folder), "an error about a file of the folder: \(error)")
    }
  }

  /// The index with the checksums of the blocks to which its footer and its index block lead, so that mutants reach what is
  /// behind them; nil if there are none.
  private static func sealed(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count >= TableFile.footerSize else { return nil }
    var file = bytes
    var footer = VarintFields(bytes.suffix(TableFile.footerSize).dropLast(8))
    guard let extra = footer.handle(), let index = footer.handle(), seal(&file, extra), seal(&file, index)
    else { return nil }
    // The first entry of an index block: no shared bytes, a key, and the place of the first block.
    var fields = VarintFields(file[index.offset..<(index.offset + index.size)])
    guard fields.size() == 0, let key = fields.size(), let size = fields.size(), fields.take(key) != nil,
      let value = fields.take(size)
    else { return file }
    var place = VarintFields(value)
    if let block = place.handle() { _ = seal(&file, block) }
    return file
  }

  private static func seal(_ file: inout [UInt8], _ handle: VarintFields.Handle) -> Bool {
    guard handle.size < file.count, handle.offset < file.count - handle.size - 5 else { return false }
    let end = handle.offset + handle.size + 1
    let crc = MaskedCRC.masked(CRC32C.of(Array(file[handle.offset..<end])))
    file.replaceSubrange(end..<(end + 4), with: ByteFields.bytes(of: crc))
    return true
  }

  private static let path =
    NSTemporaryDirectory() + "tessera-fuzz-tensorflow-\(ProcessInfo.processInfo.processIdentifier)"

  /// The folder with the data file, made once for the process and removed when it ends.
  private static let folder: String? = {
    let folder = path
    atexit { try? FileManager.default.removeItem(atPath: TensorFlowExercise.path) }
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let data = Data((0..<dataSize).map { UInt8(truncatingIfNeeded: $0 &* 37) })
    return FileManager.default.createFile(atPath: folder + "/x.data-00000-of-00001", contents: data)
      ? folder : nil
  }()
}

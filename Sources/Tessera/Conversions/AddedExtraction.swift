package import ByteFiles
internal import Conversion
package import FlatFormats
internal import TensorStreams
internal import Tensors
package import UnitCheckpoints
internal import UnitModel

/// The own tensors of an added input, as an ordinary file or as its folder.
///
/// An adapter is loaded beside its base, so the tensors of the first input are not written again. If the plan does not
/// cut the input, the files are those from which it was read.
package struct AddedExtraction {
  /// Bytes of all tensors that are written.
  package let byteCount: Int
  /// The number of tensors that are written, and their elements.
  package let tensors: Int
  package let parameters: Int
  /// The number of tensors of the first input that the task uses too.
  package let baseTensors: Int
  /// The files that are written beside the weights.
  package let companions: [CompanionFile]

  private let source: any TensorSource
  private let files: FileStamps
  private let sink: any TensorSink

  /// Lays out the file, or the folder, at `path`; nil if the task is not that of an added input.
  package init?(
    _ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint, as kind: FlatFormatKind, at path: String,
    isOpaque: Bool, isReplacing: Bool = true
  ) throws {
    files = FileStamps(checkpoint.paths)
    guard let input = try checkpoint.addedInput(named: subNetwork.network.task.text) else { return nil }
    let places = subNetwork.tensors.indices.filter {
      input.numbers.contains(subNetwork.tensors[$0].number)
    }
    let own = places.map { subNetwork.tensors[$0].spec }
    let isWhole = subNetwork.applied.isEmpty && own == input.tensors.map(\.spec)
    let isFolder = kind == .shardedSafetensors
    companions = isFolder ? try input.companions() : []
    if !isWhole, let file = companions.first(where: { $0.name.hasSuffix("config.json") }) {
      throw TesseraError(
        .plan,
        "\(checkpoint.path): \(TensorName(file.name).quoted) describes the whole input, but the plan cuts its tensors; a DEST such as small.safetensors gets the tensors alone"
      )
    }
    try Self.requireOwn(companions, in: path)
    source =
      isWhole
      ? input
      : ChosenTensors(
        SubNetworkSource(subNetwork, of: checkpoint), places.map { ($0, subNetwork.tensors[$0].spec.name) })
    let specs = source.tensors.map(\.spec)
    let verbatim = isWhole ? try input.verbatimHeader(for: kind) : nil
    let set = isWhole && isFolder ? try input.shardSet() : nil
    sink = try FlatFormats.sink(
      kind: kind, path: path, specs: specs, ties: source.tensors.compactMap(TensorTie.init),
      metadata: kind.isSafetensors && verbatim == nil && set == nil ? try input.flatMetadata(for: kind) : [],
      verbatim: verbatim, opaque: isOpaque, shardSet: set, sourceFiles: checkpoint.paths,
      replacing: isReplacing, companions: companions,
      isModelFolder: set.map { $0.index == nil && $0.shards.count == 1 } ?? true)
    byteCount = specs.reduce(0) { $0 + $1.byteCount }
    tensors = specs.count
    parameters = source.tensors.reduce(0) { $0 + ($1.tiedTo == nil ? $1.spec.elementCount : 0) }
    baseTensors = subNetwork.tensors.count - places.count
  }

  /// Throws if the folder has a file of the same name and other contents.
  private static func requireOwn(_ companions: [CompanionFile], in path: String) throws(TesseraError) {
    for companion in companions {
      let name = SystemPath.joined(path, companion.name)
      guard FileIdentity(path: name) != nil else { continue }
      let file = try? ReadableFile(path: name, isInput: false)
      guard let file, file.size == companion.bytes.count,
        (try? file.bytes(at: 0, count: file.size)) == companion.bytes
      else {
        throw TesseraError(
          .request,
          "\(path): expected a new folder or that of the same input, found another \(TensorName(companion.name).quoted)"
        )
      }
    }
  }

  /// Writes the tensors.
  ///
  /// - Parameter progress: receives the bytes read so far; an error that it throws ends the extraction.
  package func write(progress: (Int) throws -> Void) throws {
    try CopyTensors(source, to: sink, files: files).run(progress: progress)
  }
}

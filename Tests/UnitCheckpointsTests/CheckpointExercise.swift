import ByteFiles
import Conversion
import FlatFormats
import HDF5Kit
import TensorStreams
import TestSupport
import UnitCheckpoints
import UnitModel

/// Does everything with a file that the commands do, and keeps the first error.
struct CheckpointExercise {
  private(set) var error: CheckpointError?
  private(set) var datasets = 0

  /// Walks and reads the file as HDF5, opens it as a checkpoint, checks it, and writes `back.safetensors`.
  init(_ path: String, in folder: TemporaryFolder) throws {
    walk(path)
    do throws(CheckpointError) {
      let file: ReadableFile
      do throws(FileError) { file = try ReadableFile(path: path) } catch { throw CheckpointError.file(error) }
      let checkpoint = try UnitCheckpoint(file)
      _ = try checkpoint.resolvedPlan()
      _ = try checkpoint.hasIntactMetadata()
      for section in checkpoint.map.sections.indices { try checkpoint.checkSection(section) }
      _ = try checkpoint.unlistedDatasets()
      for added in try checkpoint.sourceRecord().added {
        _ = try checkpoint.addedInput(named: added.name)?.shardSet()
      }
      _ = try checkpoint.base().shardSet()
      try Self.convert(checkpoint, to: folder.file("back.safetensors"))
      try Self.readNetworks(of: checkpoint)
    } catch {
      self.error = error
    }
  }

  private mutating func walk(_ path: String) {
    guard let file = try? ReadableFile(path: path), let hdf5 = try? HDF5File(file) else { return }
    var objects: [HDF5Object] = []
    try? hdf5.walk { _, visit in
      if case .object(let object) = visit { objects.append(object) }
    }
    for case .dataset(let dataset) in objects {
      // A mutant of a small file is small, or refused.
      if dataset.byteCount < 1 << 26, (try? dataset.readBytes()) != nil { datasets += 1 }
    }
  }

  private static func readNetworks(of checkpoint: UnitCheckpoint) throws(CheckpointError) {
    let plan = try checkpoint.resolvedPlan()
    for task in plan.assignment.tasks {
      for level in task.numberedLevels {
        guard let network = try? plan.assignment.network(task: task.task, level: level.number) else {
          continue
        }
        let own = try SubNetwork(network, of: checkpoint)
        for tensor in own.tensors {
          do { try checkpoint.reader(of: tensor).forEachWindow { _ in } } catch {
            if let error = error as? CheckpointError { throw error }
            throw CheckpointError.broken(
              .planDisagrees, path: checkpoint.path, place: "/tessera", expected: "a network",
              found: "\(error)")
          }
        }
      }
    }
  }

  private static func convert(_ checkpoint: UnitCheckpoint, to path: String) throws(CheckpointError) {
    let sink: any TensorSink
    do {
      sink = try FlatFormats.sink(
        kind: .safetensors, path: path, specs: checkpoint.index.tensors.map(\.spec), ties: [], metadata: [],
        verbatim: try checkpoint.base().verbatimHeader(for: .safetensors), opaque: false)
    } catch {
      if let error = error as? CheckpointError { throw error }
      // A stored header that no longer describes the tensors.
      throw CheckpointError.broken(
        .sourceHeaders, path: checkpoint.path, place: "headers", expected: "the tensors", found: "\(error)")
    }
    do { try CopyTensors(checkpoint, to: sink).run { _ in } } catch {
      if let error = error as? CheckpointError { throw error }
      throw CheckpointError.broken(
        .source, path: checkpoint.path, place: "conversion", expected: "flat weights", found: "\(error)")
    }
  }
}

import ByteFiles
import Conversion
import TensorStreams
import Tensors
import TestSupport
import Testing

@testable import HDF5Kit
@testable import UnitCheckpoints
@testable import UnitModel

/// Compares the bytes of the writer, and those of every reader, with elements that are placed one by one.
@Suite("Geometry of the layout")
struct LayoutGeometryTests {
  /// The number of random partitions that are tried for each dtype: elements smaller than a byte are seldom cut between
  /// bytes, and a partition with another cut is invalid.
  static let dtypes: [(dtype: DType, seeds: UInt64)] =
    (DType.unquantised + [.q40, .mxfp4]).map { dtype in
      (dtype, dtype.isBlockQuantised ? 12 : dtype.bytes == nil ? 3_000 : dtype == .f32 ? 24 : 6)
    }

  @Test("bytes lie where the specification says, and networks are slices of them", arguments: dtypes.indices)
  func partitions(number: Int) throws {
    let (dtype, seeds) = Self.dtypes[number]
    let folder = try TemporaryFolder()
    var (files, cut, networks) = (0, 0, 0)
    for seed in 0..<seeds {
      let width = dtype.isBlockQuantised ? dtype.block.elements : 1
      guard let random = try? RandomPartition(seed: seed, dtype: dtype, width: width) else { continue }
      // With elements smaller than a byte, a partition is checked bit by bit, so six are enough.
      if dtype.bytes == nil, files >= 6 { break }
      files += 1
      var generator = SeededGenerator(seed: seed &* 31 &+ UInt64(number))
      let made = try Made(random, &generator, isCompressed: false, in: folder)
      cut += random.partition.tensors.filter { $0.cuts.contains { $0 != nil } }.count
      try made.expectDatasets()
      networks += try made.expectNetworks(limits: [1, 7, 64, 1 << 20])
      try made.expectFlat(limits: [1, 7, 1 << 20])
      // The same data with other pages.
      var forger = try CheckpointForger(path: made.path)
      forger.pageBytes = 1_024
      forger.repage()
      let repaged = try Made(made, path: try folder.write(try forger.sealed(), as: "pages.h5"))
      networks += try repaged.expectNetworks(limits: [64])
      try repaged.expectFlat(limits: [333])
    }
    #expect(files >= 6 && cut >= files && networks >= 2 * files, "\(files) \(cut)")
  }

  @Test(
    "compressed files hold the same, in pages that are chunks",
    arguments: [(DType.f32, 1), (.f64, 2), (.c128, 3)])
  func compressed(dtype: DType, atLeast: Int) throws {
    let folder = try TemporaryFolder()
    var chunked = 0
    for seed in 0..<16 as Range<UInt64> {
      // Ten times as many channels: sections of less than 16 KiB are not compressed.
      let random = try RandomPartition(seed: seed, dtype: dtype, scale: 10)
      var generator = SeededGenerator(seed: seed)
      let made = try Made(random, &generator, isCompressed: true, in: folder)
      chunked += made.checkpoint.map.sections.filter { $0.address == nil && $0.byteCount > 0 }.count
      try made.expectDatasets()
      _ = try made.expectNetworks(limits: [4_096])
      try made.expectFlat(limits: [4_096])
      for section in made.checkpoint.map.sections.indices { try made.checkpoint.checkSection(section) }
    }
    #expect(chunked >= atLeast, "\(chunked)")
  }

  /// A checkpoint of a random partition.
  struct Made {
    let truth: BruteForce
    let assignment: Assignment
    let path: String
    let checkpoint: UnitCheckpoint

    init(_ made: Made, path: String) throws {
      truth = made.truth
      assignment = made.assignment
      self.path = path
      checkpoint = try UnitCheckpoint(try ReadableFile(path: path))
    }

    init(
      _ random: RandomPartition, _ generator: inout SeededGenerator, isCompressed: Bool,
      in folder: TemporaryFolder
    ) throws {
      let specs = random.partition.tensors.map(\.spec)
      // Compressible, but no two neighbouring elements are equal.
      let bytes = specs.map { spec in generator.bytes(spec.byteCount).map { isCompressed ? $0 & 3 : $0 } }
      truth = BruteForce(random, bytes: bytes)
      assignment = try Self.assignment(random, &generator)
      path = folder.file("m.h5")
      let source = MemorySource(specs, bytes: bytes)
      let record =
        #"{"format":"tessera.source/1","kind":"pytorch","shards":[{"tensors":\#(specs.count),"header":null}]}"#
      let contents = CheckpointContents(
        ResolvedPlan(partition: random.partition, assignment: assignment, notes: []),
        ties: specs.map { _ in nil }, text: Array("{}".utf8), source: Array(record.utf8), headers: [],
        isCompressed: isCompressed)
      try FlatToUnits(source, contents: contents, destination: path).run { _ in }
      checkpoint = try UnitCheckpoint(try ReadableFile(path: path))
    }

    /// Two tasks with different orders, the second with another order on one axis.
    private static func assignment(
      _ random: RandomPartition, _ generator: inout SeededGenerator
    ) throws -> Assignment {
      let units = (0..<random.partition.unitCount).map { UnitID($0) }
      func levels(_ order: [UnitID], _ counts: [Int]) -> [UnitSet] {
        counts.map { UnitSet(order.prefix($0)) }
      }
      let orders = [units.shuffled(using: &generator), units.shuffled(using: &generator)]
      let own = units.shuffled(using: &generator)
      let counts = [Int.random(in: 0...units.count, using: &generator), units.count]
      return try Assignment(
        tasks: [
          TaskAssignment(task: "a", order: orders[0], levels: levels(orders[0], counts)),
          TaskAssignment(
            task: "b", order: orders[1], levels: levels(orders[1], counts.reversed()),
            axes: [AxisAssignment(axis: random.axes[1].name, order: own, levels: levels(own, counts))]),
        ], provenance: Provenance(rule: "random"), unitCount: units.count, axes: random.axes.map(\.name))
    }

    /// Checks the datasets that HDF5 finds: exactly the expected ones, with the expected bytes.
    func expectDatasets() throws {
      let expected = truth.datasets()
      let hdf5 = try HDF5File(try ReadableFile(path: path))
      var found: [String: [UInt8]] = [:]
      for number in checkpoint.map.sections.indices {
        let name = checkpoint.sectionPath(number)
        let dataset = try hdf5.dataset(at: name)
        found[name] = try dataset.readBytes()
        if case .contiguous(let address, _) = dataset.storage, dataset.byteCount > 0 {
          #expect(address == checkpoint.map.sections[number].address)
          #expect(dataset.byteCount < 64 || address % 64 == 0)
        }
      }
      #expect(found.keys.sorted() == expected.keys.sorted())
      for (name, bytes) in expected { #expect(found[name] == bytes, "\(name)") }
      #expect(try checkpoint.unlistedDatasets() == [])
    }

    /// Reads a selection in its windows, then in pieces that are never a window.
    private func read(_ selection: TensorSelection, limit: Int) throws -> [UInt8] {
      let reader = try TensorBlocksReader(checkpoint, selection)
      var result: [UInt8] = []
      while case let count = reader.nextStretch(limit: limit), count > 0 {
        #expect(count <= max(limit, selection.spec.dtype.bytes ?? 1))
        var window = [UInt8](repeating: 0xA5, count: count)
        try reader.read(into: &window)
        result += window
      }
      let other = try TensorBlocksReader(checkpoint, selection)
      _ = other.nextStretch(limit: limit)
      var again: [UInt8] = []
      var step = 0
      while other.remaining > 0 {
        step += 1
        var piece = [UInt8](repeating: 0xA5, count: min(other.remaining, 1 + step * 7 % 23))
        try other.read(into: &piece)
        again += piece
      }
      #expect(again == result)
      return result
    }

    func expectFlat(limits: [Int]) throws {
      for (number, bytes) in truth.bytes.enumerated().reversed() {
        for limit in limits {
          let found = try read(TensorSelection(all: number, of: checkpoint.index), limit: limit)
          #expect(found == bytes, "tensor \(number), limit \(limit)")
        }
      }
    }

    /// Checks networks from last to first, so that sections are also read out of order; returns how many were not
    /// empty.
    func expectNetworks(limits: [Int]) throws -> Int {
      var count = 0
      for task in assignment.tasks.reversed() {
        for level in task.numberedLevels.reversed() {
          let network = try assignment.network(task: task.task, level: level.number)
          let own = try SubNetwork(network, of: checkpoint)
          var expected: [TensorName: (shape: [Int], bytes: [UInt8])] = [:]
          for (number, placement) in truth.random.partition.tensors.enumerated() {
            expected[placement.spec.name] = truth.tensor(number, in: network)
          }
          #expect(Set(own.tensors.map(\.spec.name)) == Set(expected.keys))
          for tensor in own.tensors.reversed() {
            let slice = try #require(expected[tensor.spec.name])
            #expect(tensor.spec.shape == slice.shape)
            for limit in limits {
              #expect(
                try read(tensor.selection, limit: limit) == slice.bytes, "\(tensor.spec.name), limit \(limit)"
              )
            }
          }
          if own.totals.bytes > 0 { count += 1 }
        }
      }
      return count
    }
  }
}

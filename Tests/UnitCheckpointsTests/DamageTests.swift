import ByteFiles
import Conversion
import TensorStreams
import Tensors
import TestSupport
import Testing
import UnitModel

@testable import UnitCheckpoints

@Suite("Damaged sections")
struct DamageTests {
  @Test(
    "keep the networks that need them from being read, and no others",
    arguments: GoldenCheckpoint.all + [.sharded, .graph])
  func partial(golden: GoldenCheckpoint) throws {
    let folder = try TemporaryFolder()
    let sound = try UnitCheckpoint(try ReadableFile(path: golden.path))
    let plan = try sound.resolvedPlan()
    var (refused, read) = (0, 0)
    for (number, section) in sound.map.sections.enumerated() where section.byteCount > 0 {
      guard let address = section.address else { continue }
      var bytes = try TemporaryFolder.bytes(of: golden.path)
      bytes[address + section.byteCount / 2] ^= 4
      let path = try folder.write(bytes, as: "m.h5")
      for task in plan.assignment.tasks where task.axes.isEmpty {
        for level in task.numberedLevels {
          let network = try plan.assignment.network(task: task.task, level: level.number)
          let own = try SubNetwork(network, of: sound)
          let needs = try Self.needs(own, section, sound)
          let expected = try Self.bytes(of: own, sound)
          let damaged = try UnitCheckpoint(try ReadableFile(path: path))
          do {
            let found = try Self.bytes(of: try SubNetwork(network, of: damaged), damaged)
            #expect(!needs, "section \(number), \(task.task.text) \(level.number)")
            #expect(found == expected)
            read += 1
          } catch {
            #expect(needs, "section \(number), \(task.task.text) \(level.number): \(error)")
            #expect((error as? CheckpointError)?.defect == .pageChecksum, "\(error)")
            refused += 1
          }
        }
      }
    }
    #expect(refused > 3 && (read > 0 || golden.name == "compressed"), "\(refused) \(read)")
  }

  @Test(
    "a network with an owner whose map and table disagree is refused")
  func otherOwner() throws {
    let folder = try TemporaryFolder()
    for (owner, other) in [(1, 2), (2, 1), (0, 3), (1, 0)] as [(UInt8, UInt8)] {
      var forger = try CheckpointForger(path: GoldenCheckpoint.owners.path)
      let map = try #require(forger.datasets.firstIndex { $0.path == "tensors/a.owner" })
      let place = try #require(forger.datasets[map].bytes.firstIndex(of: owner))
      forger.datasets[map].bytes[place] = other
      // The page of the map gets a checksum that fits.
      forger.repage()
      let path = try folder.write(forger.sealed(), as: "m.h5")
      let checkpoint = try UnitCheckpoint(try ReadableFile(path: path))
      let plan = try checkpoint.resolvedPlan()
      var readers: [() throws -> [UInt8]] = [{ try checkpoint.reader(of: 0).rest() }]
      for network in plan.assignment.networks {
        let own = try SubNetwork(network, of: checkpoint)
        let units = Set(network.orderedUnits().map { UInt8($0.index + 1) })
        // For a network, elements of other owners and free elements are zeros.
        guard !units.isDisjoint(with: [owner, other]) else { continue }
        readers.append { try checkpoint.reader(of: own.tensors[0]).rest() }
      }
      #expect(readers.count > 1)
      for read in readers {
        let error = #expect(throws: CheckpointError.self) { try read() }
        #expect(error?.defect == .ownerMap)
      }
    }
  }

  @Test("a reader that has met damage gives nothing after it", arguments: [1, 100, 5_000, 70_000])
  func afterDamage(piece: Int) throws {
    let folder = try TemporaryFolder()
    let spec = try TensorSpec(name: "t", dtype: .u8, shape: [2, 300_000])
    let source = MemorySource([spec], bytes: [(0..<spec.byteCount).map { UInt8(truncatingIfNeeded: $0 * 7) }])
    let plan = """
      { "format": "tessera.plan/1", "units": 2, "axes": { "a": { "size": 2 } },
        "tensors": [ { "name": "t", "axes": ["a", null] } ],
        "tasks": [ { "name": "t", "order": [0, 1], "levels": [2] } ] }
      """
    let (contents, _) = try CheckpointContents.cutting(
      source, plan: try Plan(parsing: Array(plan.utf8)), planPath: "plan")
    let path = folder.file("m.h5")
    try FlatToUnits(source, contents: contents, destination: path).run { _ in }
    var bytes = try TemporaryFolder.bytes(of: path)
    let section = try #require(try UnitCheckpoint(try ReadableFile(path: path)).map.sections.first)
    bytes[try #require(section.address) + 150_000] ^= 1
    let damaged = try UnitCheckpoint(try ReadableFile(path: try folder.write(bytes, as: "d.h5")))
    let reader = try damaged.reader(of: 0)
    var (given, errors) = (0, 0)
    while errors < 3 {
      var buffer = [UInt8](repeating: 0, count: piece)
      do {
        try reader.read(into: &buffer)
        #expect(errors == 0 && buffer.elementsEqual(source.bytes[0][given..<given + piece]))
        given += piece
      } catch {
        #expect((error as? CheckpointError)?.defect == .pageChecksum, "\(error)")
        errors += 1
      }
    }
    #expect(given <= 150_000)
  }

  /// Whether a network needs a section, judged by units and users alone.
  private static func needs(
    _ own: SubNetwork, _ section: IndexedSection, _ checkpoint: UnitCheckpoint
  ) throws -> Bool {
    let index = checkpoint.index
    let row = try #require(index.network(task: own.network.task, level: own.network.level))
    if let tensor = section.key.tensor {
      return own.tensors.contains { found in
        let owners = index.tensors[found.selection.number].owners.map { index.stored($0.map) }
        return [found.selection.number, found.selection.mask, owners].contains(tensor)
      }
    }
    if section.key.kind == .free { return false }
    let units = Set(index.networks[row].units)
    // A private tensor may be the mask of another.
    return index.has(row..<row + 1, inScope: section.key.scope)
      && section.key.units.allSatisfy { units.contains($0) }
  }

  private static func bytes(of own: SubNetwork, _ checkpoint: UnitCheckpoint) throws -> [[UInt8]] {
    try own.tensors.map { try checkpoint.reader(of: $0).rest() }
  }
}

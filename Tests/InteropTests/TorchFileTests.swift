import Foundation
import StrictJSON
import TestSupport
import Testing

/// Real files from wheels, compared with PyTorch's results (Tests/Fixtures/pytorch/digest.py).
@Suite("Real PyTorch files", .enabled(if: Peers.areThere(python: true)))
struct TorchFileTests {
  /// One tensor without its name.
  struct Content: Hashable {
    let dtype: String
    let shape: [Int]
    let sha256: String
  }

  /// PyTorch's results, by file and tensor.
  static let expected: [String: [String: Content]] = {
    let path = SourceFolder.fixtures + "/pytorch/real.json"
    guard let bytes = try? TemporaryFolder.bytes(of: path),
      case .object(let files)? = try? JSONParser().parse(bytes)
    else { return [:] }
    var result: [String: [String: Content]] = [:]
    for file in files.members {
      guard case .object(let object) = file.value, case .array(let rows)? = object["tensors"] else {
        continue
      }
      for row in rows {
        guard case .array(let cells) = row, cells.count == 4, case .string(let name) = cells[0],
          case .string(let dtype) = cells[1], case .string(let sha256) = cells[3]
        else { continue }
        result[file.key, default: [:]][name] = Content(
          dtype: dtype, shape: integers(cells[2]), sha256: sha256)
      }
    }
    return result
  }()

  @Test(
    "every tensor has PyTorch's name, dtype, shape and digest, and comes back through units",
    arguments: expected.keys.sorted())
  func agrees(_ file: String) throws {
    let workshop = try Workshop()
    let source = try RealFiles.sitePackages(workshop) + "/" + file
    let wanted = try #require(Self.expected[file])
    #expect(try Self.tensors(workshop, source) == wanted)
    try workshop.tessera("convert", source, "units.h5")
    try workshop.tessera("convert", "units.h5", "back.pt")
    #expect(try Self.tensors(workshop, "back.pt") == wanted)
  }

  /// The channel axes of a small detector; its weights are strided, and its file has the older form.
  private static let cuts = [
    "conv1.weight=c1,-,-,-", "conv1.bias=c1", "prelu1.weight=c1", "conv2.weight=c2,c1,-,-", "conv2.bias=c2",
    "prelu2.weight=c2", "conv3.weight=c3,c2,-,-", "conv3.bias=c3", "prelu3.weight=c3",
    "conv4_1.weight=-,c3,-,-", "conv4_2.weight=-,c3,-,-",
  ]

  @Test("a .pt is planned, and each of its networks is extracted to a .pt, with Python's unpickler as judge")
  func networks() throws {
    let workshop = try Workshop()
    let original = try RealFiles.sitePackages(workshop) + "/facenet_pytorch/data/pnet.pt"
    // The same weights in the form used since 1.6, written by us.
    try workshop.tessera("convert", original, "new.pt")
    for source in [original, "new.pt"] {
      try workshop.run(
        Peers.tessera,
        ["plan", source, "--units", "3", "--tasks", "left,right", "-o", "plan.json"]
          + Self.cuts.flatMap { ["--cut", $0] })
      try workshop.tessera("convert", source, "units.h5", "--plan", "plan.json")
      for task in ["left", "right"] {
        for level in ["1", "2", "3"] {
          try workshop.tessera(
            "extract", "units.h5", "\(task).\(level).pt", "--task", task, "--level", level)
        }
      }
      let report = try workshop.report("torch_networks.py", [source, "plan.json", "."])
      #expect(report["failures"] == .array([]))
      #expect(report["networks"] == 6 && report["tensors"] == 78 && report["cut"] == 11)
    }
  }

  @Test("there are twelve files with 204 tensors")
  func complete() {
    #expect(Self.expected.count == 12)
    #expect(Self.expected.values.reduce(0) { $0 + $1.count } == 204)
  }

  /// They were trained separately: PyTorch too finds that only the basis of the Fourier transform is equal.
  @Test("the safetensors and the TorchScript of one architecture have tensors of the same shapes")
  func siblings() throws {
    let workshop = try Workshop()
    let folder = try RealFiles.sitePackages(workshop) + "/silero_vad/data/"
    let script = try Self.tensors(workshop, folder + "silero_vad.jit").filter { $0.key.hasPrefix("_model.") }
    let flat = try Self.tensors(workshop, folder + "silero_vad_16k.safetensors")
    #expect(flat.count == 15 && script.count == 15)
    #expect(Self.shapes(flat) == Self.shapes(script))
    #expect(flat["stft_conv.weight"] == script["_model.stft.forward_basis_buffer"])
  }

  private static func shapes(_ tensors: [String: Content]) -> [String] {
    tensors.values.map { "\($0.dtype) \($0.shape)" }.sorted()
  }

  private static func tensors(_ workshop: Workshop, _ path: String) throws -> [String: Content] {
    let output = try workshop.tessera("inspect", path, "--json", "--digests").output
    guard case .object(let object) = try JSONParser().parse(output),
      case .array(let rows)? = object["tensors"]
    else { return [:] }
    var result: [String: Content] = [:]
    for row in rows {
      guard case .object(let tensor) = row, case .string(let name)? = tensor["name"],
        case .string(let dtype)? = tensor["dtype"], let shape = tensor["shape"],
        case .string(let sha256)? = tensor["sha256"]
      else { continue }
      result[name] = Content(dtype: dtype, shape: integers(shape), sha256: sha256)
    }
    return result
  }

  private static func integers(_ value: JSONValue) -> [Int] {
    guard case .array(let values) = value else { return [] }
    return values.compactMap { if case .integer(let number) = $0 { Int(number) } else { nil } }
  }
}

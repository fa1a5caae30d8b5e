import Foundation
import TestSupport
import Testing

/// Small inputs that failed once: a plan that was silently wrong, an answer without a check, a command that hung.
@Suite("Inputs that failed")
struct SharedCaseTests {
  /// A command line: `@` is the file, other names are files in a scratch folder.
  struct Step: Sendable {
    let arguments: [String]
    let code: Int32
    var says: [String] = []
    var keepsSilentAbout: [String] = []

    init(_ code: Int32, _ arguments: String, says: [String] = [], not: [String] = []) {
      self.code = code
      self.arguments = arguments.split(separator: " ").map(String.init)
      self.says = says
      keepsSilentAbout = not
    }
  }

  /// Plans, converts and verifies a model, and extracts both of its levels.
  private static func wholeWay(_ words: [String], input: Bool = false) -> [Step] {
    [
      Step(0, "plan @ --units 2 --tasks t --cut-first -o p.json", says: words),
      Step(0, "convert @ m.h5 --plan p.json", says: ["proved: 2 sub-networks"]),
      Step(0, "verify @ m.h5\(input ? " --input @.in.npz" : "")", says: ["task 't', level 1: max abs "]),
      Step(0, "extract m.h5 one.onnx --task t --level 1"),
      Step(0, "extract m.h5 two.onnx --task t --level 2"),
    ]
  }

  private static let all: [String: [Step]] = [
    "plan-space-to-depth.onnx": wholeWay(
      ["SpaceToDepth) moves channels into positions, or positions into channels", "cut axis 'c2.w': 8"],
      input: true),
    "plan-bilstm.onnx": wholeWay(["cut axis 'w': 8 channels = 2 × 4", "'w' dimension 0 (2)"], input: true),
    "plan-trap-reshape.onnx": wholeWay(["node 'a' (Gather) takes one channel out of it"]),
    "plan-size-as-number.onnx": [
      Step(
        1, "plan @ --units 2 --tasks t --cut-first -o p.json",
        says: ["node 'd' (Div) computes with a number of channels"])
    ],
    "plan-pieces.onnx": wholeWay(["cut axis 'w1': 7 channels = 4 + 3"]),
    "verify-where.onnx": wholeWay(["4 of 5 tensors are cut"], input: true),
    "count-einsum.onnx": [Step(0, "count @ --layers", says: ["720"], not: ["1,440"])],
    "count-tied.pt": [Step(0, "count @ --policy pytorch-parameters", says: ["        60  100.0 %"])],
    "count-packed.safetensors": [Step(0, "count @", says: ["weight 2,048, quantisation 66"])],
    "read-subclass.pt": [
      Step(0, "count @", says: ["left out: 'wrapped'"]), Step(1, "diff @ @", says: ["not equal"]),
      Step(2, "convert @ x.safetensors", says: ["'wrapped'", "--leave-out"]),
    ],
    "read-numpy-inside.pt": [
      Step(0, "convert @ x.safetensors"), Step(0, "inspect x.safetensors", says: ["anchors"]),
    ],
    "read-build-state.pt": [
      Step(2, "convert @ x.safetensors", says: ["'w'", "a state that replaces it (BUILD)"])
    ],
    "read-constant-floats.onnx": [
      Step(0, "inspect @", says: ["8 tensors, 122 elements"]),
      Step(0, "count @ --layers", says: ["       122  100.0 %"]),
    ],
    "run-hardsigmoid-nan.onnx": [Step(0, "run @ --input @.in.npz --output y.npy")],
    "run-resize-align-corners.onnx": [Step(0, "run @ --input @.in.npz --output y.npy")],
    "validate-good-numpy.pt": [Step(0, "validate @", says: [": ok, 4 notes"])],
    "validate-bad-join.pt": [
      Step(1, "validate @", says: ["error pickle-globals", "which can run code"]),
      Step(0, "inspect @", says: ["warning: pickle", "which can run code"]),
      Step(0, "convert @ o.safetensors", says: ["warning: pickle", "0 tensors"]),
    ],
    "validate-nan.safetensors": [
      Step(0, "validate --deep @", says: [": ok, 9 notes"]),
      Step(1, "validate --deep @ --rule non-finite=error", says: [": 9 errors"]),
    ],
    "hang-concat-labels.onnx": [Step(1, "plan @ --units 2 -o p.json", says: ["0 of 1 tensors are cut"])],
    "hang-loop-expand-reduce.onnx": [Step(2, "count @ --layers", says: ["-limit"])],
    "hang-tile.onnx": [Step(2, "count @ --layers", says: ["node 'e' (Tile)", "--memory-limit"])],
    "names-workflow-command.safetensors": [
      Step(0, "inspect @", not: ["\n::", "##vso["]), Step(0, "count --roles @", not: ["\n::", "##vso["]),
      Step(1, "diff @ @.other", not: ["\n::", "##vso["]),
    ],
  ]

  @Test("every file of the folder has its case, and no case lacks its file")
  func complete() {
    let files = SourceFolder.caseFiles.map { URL(fileURLWithPath: $0).lastPathComponent }
    if files.isEmpty { return skip("the cases were not tested") }
    let models = files.filter { $0 != "README.md" && !$0.hasSuffix(".in.npz") }
    #expect(Set(models) == Set(Self.all.keys))
  }

  @Test("does what is right today", arguments: SourceFolder.caseFiles.filter { all[name($0)] != nil })
  func right(path: String) throws {
    let steps = try #require(Self.all[Self.name(path)])
    let scratch = try TemporaryFolder()
    for step in steps {
      let arguments = step.arguments.map { word in
        switch word {
        case "@": path
        case "@.in.npz": path.replacingOccurrences(of: ".onnx", with: ".in.npz")
        case "@.other": path.replacingOccurrences(of: "names-workflow-command", with: "count-packed")
        default: word
        }
      }
      let run = try tessera(arguments, directory: scratch.path)
      #expect(run.ending == .exited(step.code), "\(arguments): \(run.errorText)")
      let printed = "\n" + run.outputText + "\n" + run.errorText
      for words in step.says { #expect(printed.contains(words), "\(arguments): \(printed)") }
      for words in step.keepsSilentAbout { #expect(!printed.contains(words), "\(arguments): \(printed)") }
    }
    switch Self.name(path) {
    case "run-hardsigmoid-nan.onnx": #expect(try Self.floats(scratch.file("y.npy"))[0].isNaN)
    case "run-resize-align-corners.onnx": #expect(try Self.floats(scratch.file("y.npy")).last == 6)
    default: break
    }
  }

  private static func name(_ path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }

  /// The elements of an npy of F32.
  private static func floats(_ path: String) throws -> [Float] {
    let bytes = try TemporaryFolder.bytes(of: path)
    let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    return bytes[start...].withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
  }
}

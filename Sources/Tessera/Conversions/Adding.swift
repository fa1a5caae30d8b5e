internal import ByteFiles
internal import Conversion
package import FlatFormats
internal import StrictJSON
package import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import Validation

/// An input of a conversion that is added to another: weights, or an adapter's folder.
package struct Adding {
  /// The task's name.
  package var task: String { input.name }
  /// The weights, under their own names.
  package var source: any FlatWeightsSource { input.source }

  let input: AddedInput
  /// The names of the folder's files that are not kept; empty for a file.
  package let leftOut: [String]
  /// The names of the folder's files that are kept.
  package let kept: [String]
  /// What the user should know about an adapter.
  package let notes: [String]

  /// Opens the weights at `path`.
  ///
  /// - Parameters:
  ///   - task: the task's name, which is the prefix of the tensors.
  ///   - base: the weights to which the input is added; an adapter's configuration is compared with them.
  package init(
    _ task: String, at path: String, to base: any TensorSource,
    _ choices: ReadingChoices = ReadingChoices()
  ) throws {
    let opened = try OpenedFile(path, choices)
    guard case .flat(let flat) = try opened.contents else {
      throw TesseraError(
        .request, "\(path): expected flat weights to add, found a unit checkpoint; convert it back first")
    }
    guard flat.kind != .onnx else {
      throw TesseraError(
        .request,
        "\(path): expected weights without a graph to add, found an ONNX model; convert it to .safetensors first"
      )
    }
    let companions = try FlatFormats.companions(of: flat, openedAs: opened.folder ?? opened.path)
    let isInFolder = companions != nil && flat.kind == .safetensors
    input = AddedInput(
      name: task, source: flat, fileName: isInFolder ? SystemPath.bareName(of: flat.path) : nil,
      companions: companions?.files ?? [])
    kept = companions?.files.map(\.name) ?? []
    leftOut = companions?.leftOut ?? []
    let name = AdapterConfiguration.fileName
    if let file = companions?.files.first(where: { $0.name == name }) {
      let folder = opened.folder.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
      let place = DocumentFile.path(name, beside: folder ?? flat.path)
      let document = try Self.object(file.bytes, place)
      notes = AdapterConfiguration(document).notes(
        of: flat.tensors.map(\.spec), base: base.tensors.map(\.spec)
      ).map { "\(place): \($0)" }
    } else {
      notes = []
    }
  }

  /// The JSON object in a file without which PEFT cannot load the folder.
  private static func object(_ bytes: [UInt8], _ path: String) throws(TesseraError) -> JSONObject {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONParser(sizeLimit: AdapterConfiguration.sizeLimit).parse(bytes)
    } catch { throw TesseraError(.format, "\(path): \(error)") }
    guard case .object(let object) = value else {
      throw TesseraError(.format, "\(path): expected an object, found \(value.kindName)")
    }
    return object
  }

  /// SOURCE and the added inputs as one source; the names of the added ones have their prefixes.
  package static func joined(_ first: any TensorSource, _ added: [Adding]) -> any TensorSource {
    JoinedInputs(first, added.map(\.input))
  }
}

/// The rules by which a flat file is refused; the raw values are stable and can be used as rule ids.
///
/// Every case has a malformed example in the tests, which fail when one is missing.
public enum FlatFormatRule: String, CaseIterable, Sendable {
  /// The bytes are of no format known here.
  case notRecognised = "flat.not-recognised"
  /// A tensor was asked for that the file does not have.
  case noSuchTensor = "flat.no-such-tensor"
  /// More bytes were asked of a tensor than it has.
  case readPastEnd = "flat.read-past-end"
  /// Two tensors to be written have one name.
  case sinkDuplicateName = "flat.sink-duplicate-name"
  /// A tie to be written names a tensor that is not there, or one of another dtype or shape.
  case sinkTie = "flat.sink-tie"
  /// More bytes arrived than the tensors to be written have.
  case sinkTooMuch = "flat.sink-too-much"
  /// The file was finished before every byte had arrived.
  case sinkTooLittle = "flat.sink-too-little"
  /// The format cannot hold the tensor's dtype.
  case sinkDType = "flat.sink-dtype"
  /// The format cannot hold this number of tensors.
  case sinkTensorCount = "flat.sink-tensor-count"

  /// The file is too short for the length of its header.
  case safetensorsLength = "safetensors.length"
  /// The header is longer than 100,000,000 bytes.
  case safetensorsHeaderLimit = "safetensors.header-limit"
  /// The header reaches past the end of the file.
  case safetensorsHeaderBounds = "safetensors.header-bounds"
  /// The header does not begin with `{`.
  case safetensorsHeaderStart = "safetensors.header-start"
  /// Something other than spaces follows the header's JSON.
  case safetensorsPadding = "safetensors.padding"
  /// The header is not the JSON that the format describes.
  case safetensorsSyntax = "safetensors.syntax"
  /// A string of the header is not UTF-8, or has a raw control character, a bad escape or a lone surrogate.
  case safetensorsText = "safetensors.text"
  /// A number of the header is not a plain integer below 2⁶³.
  case safetensorsInteger = "safetensors.integer"
  /// Two tensors have one name.
  case safetensorsDuplicateTensor = "safetensors.duplicate-tensor"
  /// A tensor has a field twice.
  case safetensorsDuplicateField = "safetensors.duplicate-field"
  /// The metadata have a key twice, or there are two of them.
  case safetensorsDuplicateMetadata = "safetensors.duplicate-metadata"
  /// A tensor has a field that the format does not know.
  case safetensorsUnknownField = "safetensors.unknown-field"
  /// A tensor lacks a field.
  case safetensorsMissingField = "safetensors.missing-field"
  /// A dtype that the format does not know.
  case safetensorsDType = "safetensors.dtype"
  /// A shape whose size overflows, that ends inside a byte, or that has too many dimensions.
  case safetensorsShape = "safetensors.shape"
  /// `data_offsets` that span more or fewer bytes than dtype and shape say.
  case safetensorsSize = "safetensors.size"
  /// Bytes between two tensors that belong to neither.
  case safetensorsHole = "safetensors.hole"
  /// Two tensors share bytes.
  case safetensorsOverlap = "safetensors.overlap"
  /// The tensors end before or after the file does.
  case safetensorsBodySize = "safetensors.body-size"
  /// The header to be written again does not describe the tensors to be written.
  case safetensorsVerbatim = "safetensors.verbatim"
  /// `__metadata__` is the format's own name and no tensor can have it.
  case safetensorsReservedName = "safetensors.reserved-name"
}

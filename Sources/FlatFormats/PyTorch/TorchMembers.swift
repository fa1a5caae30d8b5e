/// The members of a PyTorch archive by their names; of other archives no member belongs to the format but arrays.
struct TorchMembers {
  private let tops: [String]

  init(_ archive: ZipArchive) {
    tops = archive.entries.compactMap { entry in
      entry.name.hasSuffix("/data.pkl") ? String(entry.name.dropLast("data.pkl".count)) : nil
    }
  }

  /// Whether the member holds the elements of tensors, which are no pickle whatever they look like.
  func isStorage(_ entry: ZipEntry) -> Bool {
    tops.contains { top in ["data/", "constants/"].contains { entry.name.hasPrefix(top + $0) } }
  }

  /// Whether PyTorch gives its archives such a member.
  func isKnown(_ entry: ZipEntry) -> Bool {
    tops.contains { entry.name.hasPrefix($0) && Self.names.contains(String(entry.name.dropFirst($0.count))) }
  }

  private static let names: Set<String> = [
    "data.pkl", "constants.pkl", "version", "byteorder", ".format_version", ".storage_alignment",
    ".data/serialization_id",
  ]
}

package import Validation

/// Checks files and folders with the documents of their projects, and with the signature of a model.
package struct Validating {
  private let options: ValidationOptions
  private var search: ProjectSearch
  private var signed: SignedFiles?
  /// The documents that were used, each once.
  package private(set) var documents: [UsedDocument] = []

  /// - Parameters:
  ///   - paths: everything that will be checked: all documents are read before any file is.
  ///   - signature: the path of a model's signature.
  ///   - progress: called with the bytes that were read since the last call.
  package init(
    _ paths: [String], _ options: ValidationOptions, _ search: ProjectSearch, signature: String? = nil,
    progress: @escaping (Int) -> Void
  ) throws(TesseraError) {
    self.options = options
    self.search = search
    for path in paths { _ = try self.search.documents(for: path) }
    if let signature { signed = try SignedFiles(try ModelSignature(signature), progress: progress) }
  }

  /// The verdicts on a file, or on the files of a folder.
  ///
  /// - Parameter check: checks the file or folder with the options that it is given.
  package mutating func verdicts(
    on path: String, progress: (Int) -> Void, _ check: (ValidationOptions) throws -> [FileVerdict]
  ) throws -> [FileVerdict] {
    var options = options
    let documents = try search.documents(for: path)
    options.project = documents
    var found = try check(options)
    if let documents {
      found = documents.marked(found)
      found += try documents.others(below: path, found, progress: progress).map { $0.adjusted(options) }
      self.documents += documents.used.filter { !self.documents.contains($0) }
    }
    guard let verdicts = try signed?.applied(to: found, of: path) else { return found }
    return verdicts.map { $0.adjusted(options) }
  }

  /// The verdict on the signature, after all files; nil without one.
  package var verdictOnSignature: FileVerdict? { signed?.verdict }
}

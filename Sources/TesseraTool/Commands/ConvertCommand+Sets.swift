internal import ArgumentParser
internal import ByteFiles
internal import FlatFormats
internal import Reporting
internal import Tessera
internal import UnitCheckpoints

/// Options for a checkpoint that is converted in parts, by several processes or machines.
struct SetOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write only part I of N of a set of checkpoints, such as 3/8.",
      discussion: """
        A part has about one Nth of the bytes, in whole tensors. For DEST model.h5, part 3 of 8 is \
        model-00003-of-00008.h5. A complete part is checked and not written again.
        """,
      valueName: "i/n"))
  var part: String?

  @Flag(
    help: ArgumentHelp(
      "List the parts of the set, given its DEST alone, in DEST.index.json.",
      discussion: "Every command reads this list as one checkpoint. No tensor is read or copied."))
  var join = false

  @Flag(help: "Make one file of the parts, given its DEST alone.")
  var merge = false

  /// The numbers of `--part`; nil without it.
  func numbers() throws(ValidationError) -> (number: Int, count: Int)? {
    guard let part else { return nil }
    let words = part.split(separator: "/", omittingEmptySubsequences: false)
    guard words.count == 2, words.allSatisfy({ $0.allSatisfy(\.isWholeNumber) && !$0.hasPrefix("0") }),
      let number = Int(words[0]), let count = Int(words[1]),
      (1...CheckpointPart.limit).contains(count), (1...count).contains(number)
    else {
      throw ValidationError(
        "--part: expected a part, numbered from 1, and the number of parts, such as 3/8, "
          + "at most \(CheckpointPart.limit) parts, found '\(part)'")
    }
    return (number, count)
  }
}

extension ConvertCommand {
  /// Checks the command line of `--join` and `--merge`, which take the path of the one file.
  func validateSet() throws(ValidationError) {
    let option = sets.join ? "--join" : "--merge"
    guard !(sets.join && sets.merge) else {
      throw ValidationError("--join lists the parts, --merge copies them to one file; give one of them")
    }
    guard !source.isEmpty else {
      throw ValidationError("\(option): expected the DEST of the parts, such as model.h5, found none")
    }
    guard dest == nil else {
      throw ValidationError("\(option) takes DEST alone, but both SOURCE and DEST were given")
    }
    if let other = givenOptions.first(where: { !(sets.merge && $0 == "--compress") }) {
      throw ValidationError(
        "\(option) takes only DEST\(sets.join ? "" : ", --compress") and -n, but \(other) was given")
    }
    guard CheckpointSetNames(source) != nil else {
      throw ValidationError(
        "\(option): expected a DEST that ends in .h5 or .hdf5, as for --part, found '\(source)'")
    }
  }

  /// The options that say how a source is converted, among those that were given.
  private var givenOptions: [String] {
    let all = [
      ("--part", sets.part != nil), ("--plan", plan != nil), ("--compress", compress),
      ("--add", !add.texts.isEmpty), ("--take", take != nil), ("--with-optimizer", optimizer.isWanted),
      ("--parameter-order", optimizer.order != nil), ("--root", root.root != nil),
      ("--dequantise", dequantise), ("--opaque", writing.opaque), ("--shard-size", shardSize != nil),
      ("--no-prove", noProve), ("--assume-dtype", reading.assumedDType != nil),
      ("--names", reading.names != .layers),
      ("--leave-out", !leaveOut.patterns.isEmpty),
    ]
    return all.filter(\.1).map(\.0)
  }

  /// Lists or merges the parts of a set.
  func assemble() throws {
    guard let names = CheckpointSetNames(source) else { return }
    let output = sets.join ? names.list : names.path
    if writing.noClobber, FileIdentity(path: output) != nil {
      throw TesseraError(sentence: "\(output): expected no file of that name (-n), found one")
    }
    let merging = try Merging(names)
    if sets.join {
      try merging.writeList()
    } else {
      var bar = ProgressBar("merging", total: merging.byteCount)
      defer { bar.finish() }
      try merging.writeFile(isCompressed: compress) { bar.update($0) }
      bar.finish()
    }
    let parts = merging.checkpoint.parts.count
    let size = sets.join ? merging.checkpoint.fileSize : SystemPath.size(output) ?? 0
    try Output.standardOutput(
      WrittenFile(
        path: output, tensors: merging.checkpoint.tensors.count, files: sets.join ? parts : 1, byteCount: size
      ).text)
  }
}

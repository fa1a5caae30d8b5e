internal import Validation

extension RuleID {
  /// The URL of a public page about the rule's requirement: the format's specification, or the paper that defines
  /// units, orders and levels.
  var reference: String {
    switch self {
    case .pickleGlobals: "https://docs.python.org/3/library/pickle.html#restricting-globals"
    case .modelCode: "https://keras.io/api/models/model_saving_apis/model_saving_and_loading/"
    case .format, .unexamined: "https://docs.pytorch.org/docs/stable/notes/serialization.html"
    case .strides: "https://docs.pytorch.org/docs/stable/generated/torch.as_strided.html"
    case .shards: "https://huggingface.co/docs/transformers/en/big_models"
    case .configuration: "https://huggingface.co/docs/transformers/en/main_classes/configuration"
    case .tokenizer: "https://huggingface.co/docs/transformers/en/main_classes/tokenizer"
    case .parts: "https://huggingface.co/docs/peft/en/developer_guides/checkpoint"
    case .tiles, .names, .sourceHeader: "https://huggingface.co/docs/safetensors"
    case .memberChecksum: "https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT"
    case .graph, .storedGraph: "https://onnx.ai/onnx/repo-docs/IR.html"
    case .shapes, .nonFinite: "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"
    case .project: "https://toml.io/en/v1.0.0"
    case .lock: "https://csrc.nist.gov/pubs/fips/180-4/upd1/final"
    case .signature: "https://github.com/sigstore/model-transparency"
    case .units, .plan, .levels, .nesting, .scopes, .halfCut, .ties, .owners:
      "https://arxiv.org/abs/1904.04562"
    case .identity, .structure, .links, .placement, .metadataChecksum, .indexChecksum, .index, .sectionRange,
      .dataset, .unlistedDataset, .modelDigest, .pageChecksum, .digest:
      "https://support.hdfgroup.org/archive/support/HDF5/doc/H5.format.html"
    }
  }
}

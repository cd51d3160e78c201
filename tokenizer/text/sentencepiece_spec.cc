#include "tokenizer/text/sentencepiece_spec.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace janus {
namespace {

// Field numbers of sentencepiece_model.proto.
constexpr uint64_t kPieces = 1;
constexpr uint64_t kPieceType = 3;    // of SentencePiece
constexpr uint64_t kUserDefined = 4;  // a type
constexpr uint64_t kTrainerSpec = 2;
constexpr uint64_t kNormalizerSpec = 3;
constexpr uint64_t kTreatWhitespaceAsSuffix = 24;  // of TrainerSpec
constexpr uint64_t kAddDummyPrefix = 3;            // of NormalizerSpec
constexpr uint64_t kRemoveExtraWhitespaces = 4;    // of NormalizerSpec

struct Field {
  uint64_t number = 0;
  uint64_t value = 0;      // of a varint
  std::string_view bytes;  // of a message or a text
};

// Walks through the fields of one protobuf message.
class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}

  // Nothing at the end, or where the message is malformed.
  std::optional<Field> next() {
    const auto tag = varint();
    if (!tag) return std::nullopt;
    Field field{*tag >> 3, 0, {}};
    switch (*tag & 7) {
      case 0: {
        const auto value = varint();
        if (!value) return std::nullopt;
        field.value = *value;
        return field;
      }
      case 1:
        return take(8, field);
      case 2: {
        const auto length = varint();
        return length ? take(*length, field) : std::nullopt;
      }
      case 5:
        return take(4, field);
      default:
        return std::nullopt;
    }
  }

 private:
  std::optional<uint64_t> varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_[0]);
      rest_.remove_prefix(1);
      value |= uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  std::optional<Field> take(uint64_t length, Field field) {
    if (length > rest_.size()) return std::nullopt;
    field.bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return field;
  }

  std::string_view rest_;
};

// One field of the message in field `parent` of the model.
void read_entry(uint64_t parent, const Field& entry, int32_t piece, SentencePieceSpec* spec) {
  const bool value = entry.value != 0;
  if (parent == kPieces && entry.number == kPieceType && entry.value == kUserDefined) {
    spec->user_defined.insert(piece);
  } else if (parent == kTrainerSpec && entry.number == kTreatWhitespaceAsSuffix) {
    spec->whitespace_as_suffix = value;
  } else if (parent == kNormalizerSpec && entry.number == kAddDummyPrefix) {
    spec->add_dummy_prefix = value;
  } else if (parent == kNormalizerSpec && entry.number == kRemoveExtraWhitespaces) {
    spec->remove_extra_whitespaces = value;
  }
}

}  // namespace

SentencePieceSpec read_sentencepiece_spec(std::string_view model) {
  SentencePieceSpec spec;
  int32_t pieces = 0;
  Fields fields(model);
  while (const auto field = fields.next()) {
    Fields inner(field->bytes);
    while (const auto entry = inner.next()) read_entry(field->number, *entry, pieces, &spec);
    if (field->number == kPieces) ++pieces;
  }
  return spec;
}

std::string without_dummy_prefix(std::string_view model) {
  // A message that comes a second time is merged into the first: a normalizer_spec of that one field.
  constexpr char kField[] = {kNormalizerSpec << 3 | 2, 2, kAddDummyPrefix << 3, 0};
  return std::string(model).append(kField, sizeof kField);
}

}  // namespace janus

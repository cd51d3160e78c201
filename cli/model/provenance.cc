#include "cli/model/provenance.h"

#include "core/tensor/device.h"
#include "generator/settings_text.h"

namespace janus::cli {

Json provenance_json(const ChosenModel& chosen, const CommonOptions& common) {
  return janus::provenance_json({.model = chosen.name,
                                 .fingerprint = chosen.fingerprint,
                                 .type = common.type,
                                 .device = chosen.model->device().name()});
}

}  // namespace janus::cli

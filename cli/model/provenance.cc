#include "cli/model/provenance.h"

#include <janus/version.h>

#include "core/tensor/device.h"

namespace janus::cli {

Json provenance_json(const ChosenModel& chosen, const CommonOptions& common) {
  return {{"model", chosen.name},
          {"model_fingerprint", chosen.fingerprint},
          {"type", common.type},
          {"device", chosen.model->device().name()},
          {"version", JANUS_VERSION}};
}

}  // namespace janus::cli

// The bytes and operations of JanusFlow's parts, which measured times are compared with.
#pragma once

#include "generator/janusflow/flow_networks.h"
#include "generator/model.h"
#include "tokenizer/image/vae.h"

namespace janus {

// All parts but vae_decode, as Model::cost. Throws Error for those of images of codes.
PassCost flow_cost(const FlowNetworks& networks, Part part, int64_t tokens);
// latent_side: the places of a latent in a line.
PassCost vae_decode_cost(const Vae& vae, int64_t latent_side);

}  // namespace janus

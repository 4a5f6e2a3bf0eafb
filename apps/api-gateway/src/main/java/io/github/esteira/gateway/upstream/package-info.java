/** The call to the inference service: time-outs, retries, circuit breaker, and what its failures mean. */
@NullMarked
package io.github.esteira.gateway.upstream;

import org.jspecify.annotations.NullMarked;

/** What ties one request's log lines together, here and behind the gateway. */
@NullMarked
package io.github.esteira.gateway.correlation;

import org.jspecify.annotations.NullMarked;

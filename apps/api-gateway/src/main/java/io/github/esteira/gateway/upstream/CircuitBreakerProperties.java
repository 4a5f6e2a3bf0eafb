package io.github.esteira.gateway.upstream;

import java.time.Duration;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import org.hibernate.validator.constraints.time.DurationMin;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * When the gateway stops asking an inference service that fails.
 *
 * @param window how many of the last calls are judged; before that many were made, none are
 * @param failureRate the share of them, in percent, whose failure opens the circuit
 * @param openFor how long no call is made once it is open
 * @param trialCalls how many calls are let through after that, to see whether it can close
 */
@Validated
@ConfigurationProperties("gateway.circuit-breaker")
record CircuitBreakerProperties(@DefaultValue("20") @Min(1) int window,
		@DefaultValue("50") @Min(1) @Max(100) int failureRate,
		@DefaultValue("10s") @NotNull @DurationMin(millis = 1) Duration openFor,
		@DefaultValue("5") @Min(1) int trialCalls) {
}

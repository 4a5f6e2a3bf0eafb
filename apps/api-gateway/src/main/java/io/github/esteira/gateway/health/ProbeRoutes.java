package io.github.esteira.gateway.health;

import static org.springframework.web.servlet.function.RouterFunctions.route;

import java.util.Map;

import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * Probes on the port that serves clients, wherever the actuator may listen: a probe of another port
 * says nothing about the one that matters.
 *
 * <p>Neither asks the inference service. Were it down, withdrawing or restarting every gateway would
 * turn clear 503 answers into no answer at all.
 */
@Configuration(proxyBeanMethods = false)
class ProbeRoutes {

	@Bean
	RouterFunction<ServerResponse> probes(ApplicationAvailability availability) {
		return route()
			.GET("/health/live", request -> answer(availability.getLivenessState() == LivenessState.CORRECT))
			.GET("/health/ready", request -> answer(availability.getReadinessState() == ReadinessState.ACCEPTING_TRAFFIC))
			.build();
	}

	private static ServerResponse answer(boolean up) {
		HttpStatus status = up ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE;
		return ServerResponse.status(status).body(Map.of("status", up ? "UP" : "DOWN"));
	}

}

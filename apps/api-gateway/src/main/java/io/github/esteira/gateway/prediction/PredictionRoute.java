package io.github.esteira.gateway.prediction;

import static org.springframework.cloud.gateway.server.mvc.filter.BeforeFilterFunctions.setPath;
import static org.springframework.cloud.gateway.server.mvc.filter.BeforeFilterFunctions.uri;
import static org.springframework.cloud.gateway.server.mvc.handler.GatewayRouterFunctions.route;
import static org.springframework.cloud.gateway.server.mvc.handler.HandlerFunctions.http;

import java.util.List;

import io.github.esteira.gateway.correlation.RequestId;
import io.github.esteira.gateway.experiment.ExperimentKeyFilter;
import io.github.esteira.gateway.ratelimit.RateLimitFilter;
import io.github.esteira.gateway.upstream.UpstreamAnswerFilter;
import io.github.esteira.gateway.upstream.UpstreamCallFilter;
import io.github.esteira.gateway.upstream.UpstreamProperties;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.servlet.function.RequestPredicates;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.ServerRequest;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * The way of a prediction request through the gateway. The filters are listed from the outermost
 * to the innermost: what refuses most cheaply comes first.
 */
@Configuration(proxyBeanMethods = false)
class PredictionRoute {

	private static final String PUBLIC_PATH = "/api/v1/predictions";

	private static final String UPSTREAM_PATH = "/v1/predictions";

	@Bean
	RouterFunction<ServerResponse> predictions(UpstreamProperties upstream, RateLimitFilter rateLimit,
			ExperimentKeyFilter experimentKey, PredictionBodyFilter body, UpstreamCallFilter call,
			UpstreamAnswerFilter answer) {
		return route("predictions").POST(PUBLIC_PATH, http())
			.filter(rateLimit)
			.filter(experimentKey)
			.filter(body)
			.before(PredictionRoute::forwardRequestId)
			.before(uri(upstream.baseUrl()))
			.before(setPath(UPSTREAM_PATH))
			.filter(call)
			.filter(answer)
			.build()
			.andRoute(RequestPredicates.path(PUBLIC_PATH), PredictionRoute::refuseMethod);
	}

	private static ServerRequest forwardRequestId(ServerRequest request) {
		String id = RequestId.of(request.servletRequest()).orElseThrow();
		return ServerRequest.from(request).headers(headers -> headers.set(RequestId.HEADER, id)).build();
	}

	private static ServerResponse refuseMethod(ServerRequest request) throws HttpRequestMethodNotSupportedException {
		throw new HttpRequestMethodNotSupportedException(request.method().name(), List.of("POST"));
	}

}
